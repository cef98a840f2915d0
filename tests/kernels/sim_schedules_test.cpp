// Contract: cuda_on_cpu: a correct kernel gives the same bits in whichever order its blocks run and
// its threads go on; one that lacks a barrier, or whose sums follow the order of arrival, does not.
// Oracle: the forward schedule. Tolerance: none.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/gemm_ladder.h"
#include "kernels/sim/schedule.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"
#include "tests/support/tensor_records.h"

namespace gradvitals::test {
namespace {

using sim::Schedule;

std::vector<float> wave(std::int64_t count, double frequency) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(2 * std::cos(frequency * static_cast<double>(i))));
  }
  return values;
}

class SimSchedulesTest : public ::testing::Test {
 protected:
  /// `run` returns whatever the kernels computed.
  template <class Run>
  void expect_same_bits_in_every_schedule(Run run) {
    const auto expected = run();
    const Schedule schedules[] = {{Schedule::Order::kReverse},
                                  {Schedule::Order::kShuffled, 1},
                                  {Schedule::Order::kShuffled, 2},
                                  {Schedule::Order::kShuffled, 3}};
    for (const Schedule& schedule : schedules) {
      const sim::ScheduleScope scope(schedule);
      EXPECT_TRUE(run() == expected) << static_cast<int>(schedule.order) << " " << schedule.seed;
    }
  }

  Stream stream_{{.device = DeviceType::kSim}};
};

TEST_F(SimSchedulesTest, EveryGemmAlgorithm) {
  const auto a = random_matrix<float>(140, 70, 1);
  const auto b = random_matrix<float>(70, 150, 2);
  for (const auto algorithm :
       {GemmAlgorithm::kNaive, GemmAlgorithm::kCoalesced, GemmAlgorithm::kSharedTiled,
        GemmAlgorithm::kRegisterTiled, GemmAlgorithm::kWarpTiled}) {
    SCOPED_TRACE(static_cast<int>(algorithm));
    expect_same_bits_in_every_schedule([&] {
      const GuardedBuffer<float> a_data(stream_, a.values);
      const GuardedBuffer<float> b_data(stream_, b.values);
      const GuardedBuffer<float> c(stream_, 140 * 150);
      dynamic_cast<GemmLadder&>(*stream_.backend())
          .gemm_by(
              algorithm,
              {.a = a_data.matrix(140, 70), .b = b_data.matrix(70, 150), .c = c.matrix(140, 150)});
      return c.download();
    });
  }
}

TEST_F(SimSchedulesTest, BiasGradients) {
  expect_same_bits_in_every_schedule([&] {
    const GuardedBuffer<float> x(stream_, wave(100 * 10, 0.3));
    const GuardedBuffer<float> w(stream_, wave(10 * 40, 0.7));
    const GuardedBuffer<float> y(stream_, wave(100 * 40, 0.9));
    const GuardedBuffer<float> dy(stream_, wave(100 * 40, 1.1));
    const GuardedBuffer<float> delta(stream_, 100 * 40);
    const GuardedBuffer<float> db(stream_, 40);
    dense_backward<float>(stream_, {.x = x.matrix(100, 10),
                                    .w = w.matrix(10, 40),
                                    .activation = Activation::kTanh,
                                    .z = {},
                                    .y = y.matrix(100, 40),
                                    .dy = dy.matrix(100, 40),
                                    .delta = delta.matrix(100, 40),
                                    .dx = {},
                                    .dw = {},
                                    .db = db.vector()});
    return db.download();
  });
}

TEST_F(SimSchedulesTest, Losses) {
  for (const LossKind kind :
       {LossKind::kMse, LossKind::kBinaryCrossEntropyFromLogits, LossKind::kSoftmaxCrossEntropy}) {
    expect_same_bits_in_every_schedule([&] {
      const GuardedBuffer<float> prediction(stream_, wave(3000 * 7, 0.3));
      const GuardedBuffer<float> target(stream_, wave(3000 * 7, 0.7));
      const GuardedBuffer<float> loss(stream_, 1);
      loss_forward<float>(
          stream_, {kind, prediction.matrix(3000, 7), target.matrix(3000, 7), loss.vector()});
      return loss.download();
    });
  }
}

TEST_F(SimSchedulesTest, UpdateSums) {
  // Large steps: squares of small ones are multiples of one number, and their sum is exact.
  const GuardedBuffer<float> gradient(stream_, wave(20011, 1.1));
  expect_same_bits_in_every_schedule([&] {
    const GuardedBuffer<float> weight(stream_, wave(20011, 0.3));
    const GuardedBuffer<double> sum(stream_, 1);
    sgd_update<float>(stream_, {.gradient = gradient.vector(),
                                .weight = weight.vector(),
                                .learning_rate = 1000.0,
                                .update_sum_squares = sum.vector()});
    return sum.download();
  });
}

TEST_F(SimSchedulesTest, TensorStatsOfManyGroups) {
  // 67 chunks are three groups; the second tensor is one group, the third a single chunk.
  std::vector<float> values = wave(67 * TensorStatsTable::kChunkElements - 5, 0.1);
  values[400'000] = HUGE_VALF;
  const GuardedBuffer<float> many(stream_, std::span<const float>(values));
  const GuardedBuffer<float> few(stream_, wave(3 * TensorStatsTable::kChunkElements, 0.2));
  const GuardedBuffer<float> one(stream_, wave(1000, 0.3));
  std::vector<TensorView> views;
  for (const auto* buffer : {&many, &few, &one}) {
    views.push_back({.name = "values",
                     .data = buffer->data(),
                     .count = buffer->count(),
                     .rows = 1,
                     .cols = buffer->count(),
                     .device = DeviceType::kSim});
  }
  const TensorStatsTable table(stream_, views);
  Buffer workspace(stream_, table.workspace_bytes());
  expect_same_bits_in_every_schedule([&] { return tensor_records(stream_, table, workspace); });
}

}  // namespace
}  // namespace gradvitals::test
