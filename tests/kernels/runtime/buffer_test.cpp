// Contract: kernels/runtime/buffer.h.
#include "kernels/runtime/buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

class BufferTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, BufferTest, all_devices(), device_name);

TEST_P(BufferTest, IsAlignedToACacheLine) {
  std::vector<Buffer> buffers;
  for (const std::int64_t bytes : {1, 3, 64, 65, 4097}) {
    const Buffer& buffer = buffers.emplace_back(stream(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u) << bytes;
    EXPECT_EQ(buffer.bytes(), bytes);
    EXPECT_EQ(buffer.device(), Device(GetParam()));
  }
}

TEST_P(BufferTest, IsNullWhereEmpty) {
  EXPECT_EQ(Buffer().data(), nullptr);
  EXPECT_EQ(Buffer(stream(), 0).data(), nullptr);
  expect_invalid([&] { Buffer(stream(), -1); }, {"Buffer: -1 bytes"});
}

TEST_P(BufferTest, CopiesThereAndBack) {
  const std::array<int, 5> sent = {1, 2, 3, 4, 5};
  const Buffer buffer(stream(), sizeof(sent));
  copy_to_device(stream(), sent.data(), sizeof(sent), buffer.data());
  std::array<int, 5> received = {};
  copy_to_host(stream(), buffer.data(), sizeof(received), received.data());
  EXPECT_EQ(received, sent);
  fill_zero(stream(), buffer.data(), 2 * sizeof(int));
  copy_to_host(stream(), buffer.data(), sizeof(received), received.data());
  EXPECT_EQ(received, (std::array<int, 5>{0, 0, 3, 4, 5}));
}

TEST_P(BufferTest, CopiesNothingFromNull) {
  copy_to_device(stream(), nullptr, 0, nullptr);
  copy_to_host(stream(), nullptr, 0, nullptr);
  fill_zero(stream(), nullptr, 0);
  int value = 0;
  expect_invalid([&] { copy_to_device(stream(), nullptr, 4, &value); },
                 {"copy_to_device: source is null, 4 bytes wanted"});
  expect_invalid([&] { copy_to_host(stream(), &value, -4, &value); },
                 {"copy_to_host: -4 bytes is negative"});
  expect_invalid([&] { fill_zero(stream(), nullptr, 4); }, {"fill_zero: destination is null"});
}

TEST_P(BufferTest, MovesItsMemory) {
  Buffer first(stream(), 128);
  void* data = first.data();
  Buffer second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(first.data(), nullptr);
  EXPECT_EQ(first.bytes(), 0);
  Buffer third(stream(), 256);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.bytes(), 128);
}

TEST_P(BufferTest, OutlivesItsStream) {
  std::optional<Stream> stream(Stream::Options{.device = GetParam()});
  const Buffer buffer(*stream, 1024);
  stream.reset();
  EXPECT_EQ(buffer.device(), Device(GetParam()));
}

TEST_P(BufferTest, TakesBackTheMemoryOfTheLastStep) {
  const void* first = Buffer(stream(), 4000).data();
  EXPECT_EQ(Buffer(stream(), 4000).data(), first);
}

TEST_P(BufferTest, CountsInItsStreamsMemory) {
  const MemoryUse before = stream().memory();
  const std::int64_t bytes = 4000;
  {
    const Buffer buffer(stream(), bytes);
    EXPECT_EQ(stream().memory().taken_count, before.taken_count + 1);
    EXPECT_EQ(stream().memory().taken_bytes, before.taken_bytes + bytes);
    EXPECT_EQ(stream().memory().cached_bytes, before.cached_bytes);
  }
  EXPECT_EQ(stream().memory().cached_bytes, before.cached_bytes + bytes);
  const Buffer again(stream(), bytes);
  EXPECT_EQ(stream().memory().taken_count, before.taken_count + 1);
  EXPECT_EQ(stream().memory().cached_bytes, before.cached_bytes);
}

}  // namespace
}  // namespace gradvitals::test
