// Contract: kernels/stats/tensor_stats.h where kernels compute it: the same bits for every grid and in
// every order of blocks and threads. Oracle: as in tensor_stats_test.cpp, and one run for the
// others.
// Tolerance: the contract's; between runs none.
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/tensor_stats_layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/runtime/stream.h"
#include "kernels/sim/gpu_model.h"
#include "tests/support/sim_schedules.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

/// Normal numbers with zeros between them, one subnormal, one NaN and one infinity.
template <class T>
std::vector<T> tensor(std::int64_t count, double scale) {
  std::mt19937_64 random(static_cast<std::uint64_t>(count));
  std::normal_distribution<double> normal(0.1, scale);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const double x = normal(random);
    value = stored<T>(random() % 16 == 0 ? 0.0 : x);
  }
  values[values.size() / 3] = stored<T>(smallest_normal<T>() / 4);
  values[values.size() / 2] = stored<T>(std::nan(""));
  values.back() = stored<T>(-std::numeric_limits<double>::infinity());
  return values;
}

class SimTensorStatsTest : public ::testing::Test {
 protected:
  template <class T>
  void add(std::int64_t count, double scale = 1) {
    const std::vector<T> values = tensor<T>(count, scale);
    Buffer& buffer = buffers_.emplace_back(stream_, count * static_cast<std::int64_t>(sizeof(T)));
    copy_to_device(stream_, values.data(), buffer.bytes(), buffer.data());
    views_.push_back({.name = "values",
                      .data = buffer.data(),
                      .count = count,
                      .rows = 1,
                      .cols = count,
                      .dtype = kDTypeOf<T>,
                      .device = DeviceType::kSim});
    expected_.push_back(oracle(values));
  }

  std::vector<TensorStats> records() { return tensor_records(stream_, views_); }

  Stream stream_{{.device = DeviceType::kSim}};
  std::vector<Buffer> buffers_;
  std::vector<TensorView> views_;
  std::vector<ExpectedStats> expected_;
};

TEST_F(SimTensorStatsTest, EveryTypeOnEveryGridAgreesWithTheOracle) {
  constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;
  add<float>(67 * kChunk - 5);      // Three nodes,
  add<double>(33 * kChunk, 1e200);  // two,
  add<Float16>(5 * kChunk);         // one,
  add<BFloat16>(2 * kChunk + 1);
  add<float>(1000);  // and a single chunk.
  const std::vector<TensorStats> first = records();
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    SCOPED_TRACE(i);
    expect_stats(first[i], expected_[i]);
  }
  for (const int multiprocessors : {1, 3, 132}) {
    SCOPED_TRACE(multiprocessors);
    const sim::GpuScope gpu({.multiprocessors = multiprocessors});
    for (const sim::Schedule& schedule : kSixSchedules) {
      EXPECT_EQ(in_schedule(schedule, [&] { return records(); }), first)
          << static_cast<int>(schedule.order) << " " << schedule.seed;
    }
  }
}

TEST_F(SimTensorStatsTest, GradientsOfSeveralNodesAreAddedTheSameWayAgainAndAgain) {
  constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;
  constexpr std::size_t kCount = 70;
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto index = static_cast<std::int64_t>(i);
    add<float>(i % 9 == 0 ? 2 * kChunk + index : 40 + index);
    views_.back().role = Role::kGradient;
  }
  TensorStatsPlan plan(stream_, views_);
  const auto run = [&] { return tensor_records(stream_, plan); };
  const std::vector<TensorStats> first = run();
  for (const int multiprocessors : {1, 3, 132}) {
    SCOPED_TRACE(multiprocessors);
    const sim::GpuScope gpu({.multiprocessors = multiprocessors});
    for (const sim::Schedule& schedule : kSixSchedules) {
      EXPECT_EQ(in_schedule(schedule, run), first)
          << static_cast<int>(schedule.order) << " " << schedule.seed;
    }
  }
  std::int64_t count = 0;
  double sum_squares = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    SCOPED_TRACE(i);
    expect_stats(first[i], expected_[i]);
    count += first[i].count;
    sum_squares += first[i].sum_squares;
  }
  EXPECT_EQ(first[kCount].count, count);
  EXPECT_EQ(first[kCount].nan_count, std::int64_t{kCount});
  EXPECT_NEAR(first[kCount].sum_squares, sum_squares, 1e-12 * sum_squares);
  EXPECT_EQ(first[kCount].first_nonfinite_index, first[0].first_nonfinite_index);
}

/// Where the GPU's blocks have a chunk each, and where one more makes warps of them.
TEST_F(SimTensorStatsTest, OneChunkMoreThanThereAreBlocksChangesNoOtherRecord) {
  constexpr int kBlocks = 3;  // Of a multiprocessor.
  for (int i = 0; i < kBlocks; ++i) add<float>(5000 + i);
  const sim::GpuScope gpu({.multiprocessors = 1});
  const std::vector<TensorStats> fitting = records();
  add<float>(100);
  const std::vector<TensorStats> more = records();
  for (std::size_t i = 0; i < kBlocks; ++i) EXPECT_EQ(more[i], fitting[i]) << i;
  for (std::size_t i = 0; i < expected_.size(); ++i) {
    SCOPED_TRACE(i);
    expect_stats(more[i], expected_[i]);
  }
}

}  // namespace
}  // namespace gradvitals::test
