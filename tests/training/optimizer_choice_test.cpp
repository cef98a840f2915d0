// Contract: training/optimizer_choice.h.
#include "training/optimizer_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

constexpr std::array kKinds = {OptimizerKind::kSgd, OptimizerKind::kMomentum, OptimizerKind::kAdam,
                               OptimizerKind::kAdamW};

TEST(OptimizerChoice, NamesAreReadBack) {
  for (const OptimizerKind kind : kKinds) EXPECT_EQ(parse_optimizer(name(kind)), kind);
  EXPECT_FALSE(parse_optimizer("Adam"));
  EXPECT_FALSE(parse_optimizer(""));
}

TEST(OptimizerChoice, MakesTheOptimizerThatItNames) {
  const auto made = [](OptimizerKind kind) { return make_optimizer({.kind = kind}); };
  EXPECT_NE(dynamic_cast<Sgd*>(made(OptimizerKind::kSgd).get()), nullptr);
  EXPECT_NE(dynamic_cast<Momentum*>(made(OptimizerKind::kMomentum).get()), nullptr);
  EXPECT_NE(dynamic_cast<AdamW*>(made(OptimizerKind::kAdamW).get()), nullptr);
  const auto adam = made(OptimizerKind::kAdam);
  EXPECT_NE(dynamic_cast<Adam*>(adam.get()), nullptr);
  EXPECT_EQ(dynamic_cast<AdamW*>(adam.get()), nullptr);
}

TEST(OptimizerChoice, RefusesSettingsOutOfRangeOfItsKindAlone) {
  const auto make = [](OptimizerChoice choice) { return [choice] { make_optimizer(choice); }; };
  using enum OptimizerKind;
  expect_invalid(make({.kind = kMomentum, .momentum = 1.0}), {"momentum", "1"});
  expect_invalid(make({.kind = kAdam, .beta1 = -0.1}), {"beta1", "-0.1"});
  expect_invalid(make({.kind = kAdamW, .beta2 = std::nan("")}), {"beta2", "nan"});
  expect_invalid(make({.kind = kAdam, .epsilon = 0.0}), {"epsilon", "0"});
  expect_invalid(make({.kind = kAdamW, .weight_decay = -1.0}), {"weight_decay", "-1"});
  EXPECT_NO_THROW(make({.kind = kSgd, .momentum = 2.0, .beta1 = 2.0})());
  EXPECT_NO_THROW(make({.kind = kAdam, .weight_decay = -1.0})());
}

TEST(OptimizerChoice, ItsSummaryHasWhatTheKindHas) {
  using enum OptimizerKind;
  EXPECT_EQ(summary({.kind = kSgd}), "sgd");
  EXPECT_EQ(summary({.kind = kMomentum, .momentum = 0.8, .nesterov = true}),
            "momentum 0.8 nesterov");
  EXPECT_EQ(summary({.kind = kAdam}), "adam, beta1 0.9, beta2 0.999, epsilon 1e-08");
  EXPECT_EQ(summary({.kind = kAdamW, .weight_decay = 0.1}),
            "adamw, beta1 0.9, beta2 0.999, epsilon 1e-08, weight decay 0.1");
}

}  // namespace
}  // namespace gradvitals::test
