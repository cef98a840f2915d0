// Contract: a correct kernel gives the same bits in whichever order its blocks run and its threads
// go on; one that lacks a barrier, or whose sums follow the order of arrival, does not. Oracle: the
// forward schedule. Tolerance: none.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "kernels/ops/activation.h"
#include "kernels/ops/cuda/gemm_ladder.h"
#include "kernels/ops/dense.h"
#include "kernels/ops/elementwise.h"
#include "kernels/ops/loss.h"
#include "kernels/ops/optimizer.h"
#include "kernels/ops/random.h"
#include "kernels/stats/activation_stats.h"
#include "kernels/stats/slice_stats.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"
#include "tests/support/sim_schedules.h"

namespace gradvitals::test {
namespace {

using Floats = std::vector<float>;

constexpr LossKind kLosses[] = {LossKind::kMse, LossKind::kBinaryCrossEntropyFromLogits,
                                LossKind::kBinaryCrossEntropy, LossKind::kSoftmaxCrossEntropy};

Floats wave(std::int64_t count, double frequency) {
  Floats values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(2 * std::cos(frequency * static_cast<double>(i))));
  }
  return values;
}

class SimSchedulesTest : public ::testing::Test {
 protected:
  using Buffers = std::vector<const GuardedBuffer<float>*>;

  /// `run` returns whatever the kernels computed. NaN differs from itself, and fails.
  template <class Run>
  void expect_same_bits_in_every_schedule(Run run) {
    const auto expected = in_schedule(kSixSchedules[0], run);
    ASSERT_TRUE(expected == expected) << "NaN";
    for (const sim::Schedule& schedule : kSixSchedules) {
      EXPECT_TRUE(in_schedule(schedule, run) == expected)
          << static_cast<int>(schedule.order) << " " << schedule.seed;
    }
  }

  GuardedBuffer<float> upload(std::int64_t count, double frequency) {
    return {stream_, wave(count, frequency)};
  }
  GuardedBuffer<float> unwritten(std::int64_t count) { return {stream_, count}; }

  static std::vector<Floats> download(const Buffers& buffers) {
    std::vector<Floats> all;
    for (const auto* buffer : buffers) all.push_back(buffer->download());
    return all;
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
      const auto c = unwritten(140 * 150);
      gemm_by(stream_, algorithm,
              {.a = a_data.matrix(140, 70), .b = b_data.matrix(70, 150), .c = c.matrix(140, 150)});
      return c.download();
    });
  }
}

TEST_F(SimSchedulesTest, DenseForwardAndBackwardOfEveryActivation) {
  constexpr std::int64_t kB = 100;
  constexpr std::int64_t kI = 10;
  constexpr std::int64_t kO = 40;
  const auto x = upload(kB * kI, 0.3);
  const auto w = upload(kI * kO, 0.7);
  const auto b = upload(kO, 0.9);
  const auto dy = upload(kB * kO, 1.1);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    expect_same_bits_in_every_schedule([&] {
      const auto y = unwritten(kB * kO);
      const auto z = unwritten(kB * kO);
      const auto delta = unwritten(kB * kO);
      const auto dx = unwritten(kB * kI);
      const auto dw = unwritten(kI * kO);
      const auto db = unwritten(kO);
      dense_forward<float>(stream_, {.x = x.matrix(kB, kI),
                                     .w = w.matrix(kI, kO),
                                     .b = b.vector(),
                                     .activation = activation,
                                     .y = y.matrix(kB, kO),
                                     .z = z.matrix(kB, kO)});
      dense_backward<float>(stream_, {.x = x.matrix(kB, kI),
                                      .w = w.matrix(kI, kO),
                                      .activation = activation,
                                      .z = z.matrix(kB, kO),
                                      .y = y.matrix(kB, kO),
                                      .dy = dy.matrix(kB, kO),
                                      .delta = delta.matrix(kB, kO),
                                      .dx = dx.matrix(kB, kI),
                                      .dw = dw.matrix(kI, kO),
                                      .db = db.vector()});
      return download({&y, &z, &delta, &dx, &dw, &db});
    });
  }
}

TEST_F(SimSchedulesTest, EveryActivationSumAndProduct) {
  constexpr std::int64_t kCount = 3001;
  const auto z = upload(kCount, 0.3);
  const auto dy = upload(kCount, 0.7);
  for (const Activation activation : all_activations()) {
    SCOPED_TRACE(name(activation));
    expect_same_bits_in_every_schedule([&] {
      const auto y = unwritten(kCount);
      const auto dz = unwritten(kCount);
      const auto sum = unwritten(kCount);
      const auto product = unwritten(kCount);
      activation_forward<float>(stream_, {activation, z.vector(), y.vector()});
      activation_backward<float>(stream_,
                                 {activation, z.vector(), y.vector(), dy.vector(), dz.vector()});
      add<float>(stream_, {y.vector(), dz.vector(), sum.vector()});
      multiply<float>(stream_, {y.vector(), dz.vector(), product.vector()});
      return download({&y, &dz, &sum, &product});
    });
  }
}

TEST_F(SimSchedulesTest, EveryLossAndItsGradient) {
  const auto logits = upload(700 * 7, 0.3);
  Floats between_0_and_1 = wave(700 * 7, 0.3);
  for (float& value : between_0_and_1) value = 0.5f + value / 4.5f;
  const GuardedBuffer<float> probabilities(stream_, between_0_and_1);
  const auto target = upload(700 * 7, 0.7);
  const auto dloss = upload(1, 0.0);
  for (const LossKind kind : kLosses) {
    SCOPED_TRACE(name(kind));
    const auto& prediction = kind == LossKind::kBinaryCrossEntropy ? probabilities : logits;
    expect_same_bits_in_every_schedule([&] {
      const auto loss = unwritten(1);
      const auto dprediction = unwritten(700 * 7);
      loss_forward<float>(stream_,
                          {kind, prediction.matrix(700, 7), target.matrix(700, 7), loss.vector()});
      loss_backward<float>(stream_, {kind, prediction.matrix(700, 7), target.matrix(700, 7),
                                     dloss.vector(), dprediction.matrix(700, 7)});
      return download({&loss, &dprediction});
    });
  }
}

TEST_F(SimSchedulesTest, EveryOptimizerAndItsUpdateSum) {
  // Large steps: squares of small ones are multiples of one number, and their sum is exact.
  constexpr double kRate = 1000.0;
  constexpr std::int64_t kCount = 20011;
  const auto gradient = upload(kCount, 1.1);
  const auto expect_same_bits = [&](auto update) {
    expect_same_bits_in_every_schedule([&] {
      const auto weight = upload(kCount, 0.3);
      const auto first = upload(kCount, 0.5);
      const GuardedBuffer<float> second(stream_, Floats(kCount, 0.5f));
      const GuardedBuffer<double> sum(stream_, 1);
      update(weight.vector(), first.vector(), second.vector(), sum.vector());
      return std::pair(download({&weight, &first, &second}), sum.download());
    });
  };
  expect_same_bits([&](auto weight, auto, auto, auto sum) {
    sgd_update<float>(stream_, {gradient.vector(), weight, kRate, sum});
  });
  expect_same_bits([&](auto weight, auto velocity, auto, auto sum) {
    momentum_update<float>(stream_, {.gradient = gradient.vector(),
                                     .weight = weight,
                                     .velocity = velocity,
                                     .learning_rate = kRate,
                                     .update_sum_squares = sum});
  });
  expect_same_bits([&](auto weight, auto first, auto second, auto sum) {
    const GuardedBuffer<std::int64_t> steps(stream_, std::vector<std::int64_t>{3});
    adam_update<float>(stream_, {.gradient = gradient.vector(),
                                 .weight = weight,
                                 .first_moment = first,
                                 .second_moment = second,
                                 .steps = steps.vector(),
                                 .learning_rate = kRate,
                                 .update_sum_squares = sum});
  });
}

TEST_F(SimSchedulesTest, RandomFills) {
  constexpr RandomKey kKey{.seed = 42, .sequence = 7};
  constexpr std::int64_t kCount = 5003;
  expect_same_bits_in_every_schedule([&] {
    const GuardedBuffer<std::uint32_t> bits(stream_, kCount);
    const auto uniform = unwritten(kCount);
    const auto normal = unwritten(kCount);
    fill_bits(stream_, {kKey, bits.vector()});
    fill_uniform<float>(stream_, {.key = kKey, .out = uniform.vector()});
    fill_normal<float>(stream_, {.key = kKey, .out = normal.vector()});
    return std::pair(bits.download(), download({&uniform, &normal}));
  });
}

TEST_F(SimSchedulesTest, ActivationStats) {
  Floats values = wave(200 * 70, 0.3);
  for (float& value : values) value = std::fabs(value) < 0.5f ? 0.0f : 3 * value;
  const GuardedBuffer<float> z(stream_, std::span<const float>(values));
  expect_same_bits_in_every_schedule([&] {
    const GuardedBuffer<std::int64_t> zero(stream_, 70);
    const GuardedBuffer<std::int64_t> saturated(stream_, 70);
    activation_stats(stream_, {.view = {.name = "z",
                                        .role = Role::kPreActivation,
                                        .data = z.data(),
                                        .count = z.count(),
                                        .rows = 200,
                                        .cols = 70,
                                        .device = DeviceType::kSim,
                                        .activation = Activation::kTanh},
                               .zero_count = zero.vector(),
                               .saturated_count = saturated.vector()});
    return std::pair(zero.download(), saturated.download());
  });
}

TEST_F(SimSchedulesTest, SliceStatistics) {
  const GuardedBuffer<float> values = upload(45 * 70, 0.3);
  expect_same_bits_in_every_schedule([&] {
    const GuardedBuffer<SliceRecord> rows(stream_, 45);
    const GuardedBuffer<SliceRecord> cols(stream_, 70);
    slice_stats(stream_, {.view = {.name = "kernel",
                                   .data = values.data(),
                                   .count = values.count(),
                                   .rows = 45,
                                   .cols = 70,
                                   .device = DeviceType::kSim},
                          .rows = rows.vector(),
                          .cols = cols.vector()});
    return std::pair(rows.download(), cols.download());
  });
}

}  // namespace
}  // namespace gradvitals::test
