// Contract: the guard of an update, kernels/ops/optimizer.h. Oracle: the same update, without a guard, of
// gradients scaled beforehand. Tolerance: none, scales are powers of two.
#include "kernels/ops/optimizer.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/kernels/ops/optimizer_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

class OptimizerGuardTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OptimizerGuardTest, all_devices(), device_name);

/// A record of gradients with the L2 norm sqrt(sum_squares).
class GuardRecord {
 public:
  GuardRecord(Stream& stream, const TensorStats& record) : memory_(stream, sizeof(TensorStats)) {
    copy_to_device(stream, &record, sizeof(record), memory_.data());
  }
  const TensorStats* get() const { return static_cast<const TensorStats*>(memory_.data()); }

 private:
  Buffer memory_;
};

template <class Update>
void expect_scaled(Stream& stream, const UpdateGuard& guard, float scale, Update update) {
  const std::vector<float> g = wave<float>(1025, 1.1);
  std::vector<float> scaled;
  for (const float x : g) scaled.push_back(scale * x);
  const GuardedBuffer<float> gradient(stream, g);
  const GuardedBuffer<float> scaled_gradient(stream, scaled);
  Parameter<float> guarded(stream, wave<float>(1025, 0.3));
  Parameter<float> plain(stream, wave<float>(1025, 0.3));
  for (int step = 0; step < 3; ++step) {
    update(guarded, gradient.vector(), guard);
    update(plain, scaled_gradient.vector(), UpdateGuard{});
  }
  EXPECT_EQ(guarded.weight.download(), plain.weight.download());
  EXPECT_EQ(guarded.first.download(), plain.first.download());
  EXPECT_EQ(guarded.second.download(), plain.second.download());
  EXPECT_EQ(guarded.sum.download(), plain.sum.download());
}

void expect_scaled_by_all(Stream& stream, const UpdateGuard& guard, float scale) {
  using Gradient = VectorView<const float>;
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.sgd(g);
                  op.guard = guard_of_p;
                  sgd_update(stream, op);
                });
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.momentum(g);
                  op.guard = guard_of_p;
                  momentum_update(stream, op);
                });
  expect_scaled(stream, guard, scale,
                [&](Parameter<float>& p, const Gradient& g, const UpdateGuard& guard_of_p) {
                  auto op = p.adam(g);
                  op.guard = guard_of_p;
                  adam_update(stream, op);
                });
}

TEST_P(OptimizerGuardTest, ScalesLongGradientsToItsLimit) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 2.0}, 0.25f);
  const GuardRecord huge(stream(), {.count = 4, .sum_squares = 64.0, .scale_exponent = 600});
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p603}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = huge.get(), .max_norm = 0x1p601}, 0.25f);
}

TEST_P(OptimizerGuardTest, LeavesShorterGradientsAsTheyAre) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0});
  expect_scaled_by_all(stream(), {.gradients = record.get(), .max_norm = 8.0}, 1.0f);
  expect_scaled_by_all(stream(), {.gradients = record.get()}, 1.0f);
  const GuardRecord zero(stream(), {.count = 4});
  expect_scaled_by_all(stream(), {.gradients = zero.get(), .max_norm = 1e-3}, 1.0f);
}

TEST_P(OptimizerGuardTest, SkipsTheStepWhereAnyGradientIsNotFinite) {
  const GuardedBuffer<float> gradient(stream(), wave<float>(1025, 1.1));
  const std::vector<float> start = wave<float>(1025, 0.3);
  for (const TensorStats& record :
       {TensorStats{.nan_count = 1}, TensorStats{.sum_squares = 1.0, .inf_count = 1}}) {
    const GuardRecord memory(stream(), record);
    const UpdateGuard guard{.gradients = memory.get(), .max_norm = 1.0};
    Parameter<float> parameter(stream(), start);
    auto sgd = parameter.sgd(gradient.vector());
    auto momentum = parameter.momentum(gradient.vector());
    auto adam = parameter.adam(gradient.vector());
    sgd.guard = momentum.guard = adam.guard = guard;
    sgd_update(stream(), sgd);
    EXPECT_EQ(parameter.sum.download()[0], 0.0);
    momentum_update(stream(), momentum);
    adam_update(stream(), adam);
    EXPECT_EQ(parameter.weight.download(), start);
    EXPECT_EQ(parameter.first.download(), std::vector<float>(1025));
    EXPECT_EQ(parameter.second.download(), std::vector<float>(1025));
    EXPECT_EQ(parameter.steps.download()[0], 0) << "a skipped step counts";
    EXPECT_EQ(parameter.sum.download()[0], 0.0);
    // The next step, with sound gradients, is the first that counts.
    adam.guard = {};
    adam_update(stream(), adam);
    EXPECT_EQ(parameter.steps.download()[0], 1);
    EXPECT_NE(parameter.weight.download(), start);
  }
}

TEST_P(OptimizerGuardTest, MayLetWhatIsNotFinitePass) {
  const GuardRecord record(stream(), {.count = 4, .sum_squares = 64.0, .nan_count = 1});
  const UpdateGuard guard{.gradients = record.get(), .max_norm = 2.0, .skips_nonfinite = false};
  expect_scaled_by_all(stream(), guard, 0.25f);
}

}  // namespace
}  // namespace gradvitals::test
