// Contract: kernels/runtime/stream.h.
#include "kernels/runtime/stream.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "kernels/runtime/error.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

class StreamTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, StreamTest, all_devices(), device_name);

TEST_P(StreamTest, KnowsItsDevice) {
  EXPECT_EQ(stream().device(), GetParam());
  stream().synchronize();
}

TEST_P(StreamTest, CopiesNameTheSameQueue) {
  const Stream copy = stream();
  EXPECT_EQ(copy, stream());
  EXPECT_EQ(copy.backend(), stream().backend());
  EXPECT_NE(copy, Stream({.device = GetParam()}));
}

TEST_P(StreamTest, AMoveLeavesAHandleThatWorks) {
  Stream moved = std::move(stream());
  EXPECT_EQ(moved, stream());
  stream() = std::move(moved);
  EXPECT_EQ(stream().device(), GetParam());
  stream().synchronize();
  moved.synchronize();  // NOLINT(bugprone-use-after-move): what the test is about.
}

TEST(CpuStream, TakesTheThreadsItIsGiven) {
  EXPECT_EQ(Stream({.device = DeviceType::kCpu, .threads = 3}).threads(), 3);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  EXPECT_EQ(Stream().threads(), std::max(1, cores));
}

TEST(CpuStream, RefusesNegativeThreads) {
  expect_invalid([] { Stream stream({.device = DeviceType::kCpu, .threads = -2}); },
                 {"Stream: -2 threads is negative"});
}

TEST(Stream, SaysWhyADeviceCannotBeUsed) {
  for (const DeviceType device : {DeviceType::kCuda, DeviceType::kSim}) {
    if (is_available(device)) continue;
    try {
      Stream stream({.device = device});
      ADD_FAILURE() << "a stream on the absent device " << name(device);
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.what(), "device " + std::string(name(device)) +
                                  " cannot be used: " + unavailable_reason(device));
    }
  }
}

}  // namespace
}  // namespace gradvitals::test
