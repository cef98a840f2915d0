// The guards' own tests: a write on either side is seen, and so is an output left unwritten.
#include "tests/support/guarded_buffer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/devices.h"

namespace gradvitals::test {
namespace {

class GuardedBufferTest : public DeviceTest {
 protected:
  void overwrite(float* where) {
    const float value = 1.0f;
    copy_to_device(stream(), &value, sizeof value, where);
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, GuardedBufferTest, all_devices(), device_name);

TEST_P(GuardedBufferTest, StartsPoisonedWithGuardsIntact) {
  const GuardedBuffer<float> buffer(stream(), 5);
  EXPECT_TRUE(buffer.guards_intact());
  for (const float value : buffer.download()) EXPECT_TRUE(std::isnan(value));
}

TEST_P(GuardedBufferTest, AWriteWithinLeavesTheGuardsIntact) {
  const std::vector<float> values{1, 2, 3};
  GuardedBuffer<float> buffer(stream(), std::span<const float>(values));
  overwrite(buffer.data());
  overwrite(buffer.data() + 2);
  EXPECT_TRUE(buffer.guards_intact());
  EXPECT_EQ(buffer.download(), (std::vector<float>{1, 2, 1}));
}

TEST_P(GuardedBufferTest, SeesAWriteOnEitherSide) {
  const GuardedBuffer<float> above(stream(), 3);
  overwrite(above.data() + 3);
  EXPECT_STREQ(above.guards_intact().message(),
               "guard overwritten at byte 12 of a buffer of 12 bytes");
  const GuardedBuffer<float> below(stream(), 3, 4);
  overwrite(below.data() - 1);
  EXPECT_STREQ(below.guards_intact().message(),
               "guard overwritten at byte -4 of a buffer of 12 bytes");
  const GuardedBuffer<float> empty(stream(), 0);
  overwrite(empty.data());
  EXPECT_FALSE(empty.guards_intact());
}

TEST_P(GuardedBufferTest, StartsWhereItWasAskedTo) {
  const GuardedBuffer<float> buffer(stream(), 4, 12);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 12u);
}

}  // namespace
}  // namespace gradvitals::test
