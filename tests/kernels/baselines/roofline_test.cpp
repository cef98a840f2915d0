// Contract: kernels/baselines/roofline.h. Oracle: a loop over the words. Tolerance: none.
#include "kernels/baselines/roofline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

using Words = std::vector<std::uint32_t>;

Words random_words(std::int64_t count) {
  std::mt19937 random(7);
  Words words(static_cast<std::size_t>(count));
  std::ranges::generate(words, random);
  return words;
}

class RooflineTest : public DeviceTest {
 protected:
  void read(const GuardedBuffer<std::uint32_t>& data, std::int64_t bytes, int depth,
            Buffer& workspace) {
    const auto read_all = GetParam() == DeviceType::kSim ? sim::read_all : cuda::read_all;
    read_all(stream(), data.data(), bytes, depth, workspace);
  }
  void copy(const GuardedBuffer<std::uint32_t>& source,
            const GuardedBuffer<std::uint32_t>& destination, std::int64_t bytes) {
    const auto copy_all = GetParam() == DeviceType::kSim ? sim::copy_all : cuda::copy_all;
    copy_all(stream(), source.data(), bytes, destination.data());
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, RooflineTest,
                         ::testing::Values(DeviceType::kCuda, DeviceType::kSim), device_name);

// Grids of sim have 32 blocks of 256 threads: 32768 words a step.
constexpr std::int64_t kWordCounts[] = {
    0, 4, 8, 32768, 32772, 131072, 8 * 32768 - 4, 8 * 32768 + 4, 300004, 1 << 20};

TEST_P(RooflineTest, ReadsEveryWordOnce) {
  for (const std::int64_t count : kWordCounts) {
    const Words words = random_words(count);
    const GuardedBuffer<std::uint32_t> data(stream(), words);
    for (const int depth : kReadDepths) {
      Buffer workspace(stream(), kReadWorkspaceBytes);
      read(data, count * 4, depth, workspace);
      Words sums(kReadWorkspaceBytes / 4);
      copy_to_host(stream(), workspace.data(), kReadWorkspaceBytes, sums.data());
      EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0u),
                std::accumulate(words.begin(), words.end(), 0u))
          << count << " words, depth " << depth;
    }
  }
}

TEST_P(RooflineTest, CopiesEveryWord) {
  for (const std::int64_t count : kWordCounts) {
    const Words words = random_words(count);
    const GuardedBuffer<std::uint32_t> source(stream(), words);
    const GuardedBuffer<std::uint32_t> destination(stream(), count);
    copy(source, destination, count * 4);
    EXPECT_TRUE(destination.guards_intact());
    EXPECT_TRUE(destination.download() == words) << count << " words";
  }
}

TEST_P(RooflineTest, RefusesWhatIsNotMadeOfVectors) {
  const GuardedBuffer<std::uint32_t> aligned(stream(), 8);
  const GuardedBuffer<std::uint32_t> unaligned(stream(), 8, 4);
  Buffer workspace(stream(), kReadWorkspaceBytes);
  Buffer too_small(stream(), kReadWorkspaceBytes - 4);
  expect_invalid([&] { read(aligned, 20, 1, workspace); }, {"read_all: the data is not made of"});
  expect_invalid([&] { read(unaligned, 16, 1, workspace); }, {"read_all: the data is not made of"});
  expect_invalid([&] { read(aligned, 16, 3, workspace); }, {"read_all: no such depth"});
  expect_invalid([&] { read(aligned, 16, 1, too_small); },
                 {"read_all: the workspace is too small"});
  expect_invalid([&] { copy(aligned, unaligned, 16); }, {"copy_all: the data is not made of"});
}

TEST(Roofline, RefusesAnotherDevice) {
  Stream stream;
  Buffer workspace(stream, kReadWorkspaceBytes);
  expect_invalid([&] { cuda::read_all(stream, nullptr, 0, 1, workspace); },
                 {"read_all: the stream is on another device"});
  expect_invalid([&] { sim::copy_all(stream, nullptr, 0, nullptr); },
                 {"copy_all: the stream is on another device"});
}

}  // namespace
}  // namespace gradvitals::test
