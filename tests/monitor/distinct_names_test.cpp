// Contract: monitor/metrics/distinct_names.h. Oracle: names chosen by hand.
#include "monitor/metrics/distinct_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gradvitals::test {
namespace {

TensorView view(Role role, std::string_view name, std::string_view model = {}) {
  TensorView result;
  result.role = role;
  result.name = name;
  result.model = model;
  return result;
}

using Names = std::vector<Name>;

TEST(DistinctNames, OneModelKeepsItsNames) {
  EXPECT_EQ(distinct_names(std::vector{view(Role::kGradient, "dense/kernel", "A"),
                                       view(Role::kWeight, "dense/kernel", "A"),
                                       view(Role::kGradient, "dense/bias", "A")}),
            (Names{"dense/kernel", "dense/kernel", "dense/bias"}));
  EXPECT_EQ(distinct_names({}), Names{});
}

TEST(DistinctNames, ModelsThatShareANameArePutBeforeAllTheirNames) {
  EXPECT_EQ(distinct_names(std::vector{
                view(Role::kGradient, "dense/kernel", "A"), view(Role::kGradient, "head", "A"),
                view(Role::kGradient, "dense/kernel", "B"),
                view(Role::kWeight, "dense/kernel", "B"), view(Role::kGradient, "free")}),
            (Names{"A/dense/kernel", "A/head", "B/dense/kernel", "B/dense/kernel", "free"}));
}

TEST(DistinctNames, WhatIsStillTheSameIsNumberedInItsScope) {
  EXPECT_EQ(distinct_names(std::vector{
                view(Role::kGradient, "dense/kernel"), view(Role::kGradient, "dense/bias"),
                view(Role::kGradient, "dense/kernel"), view(Role::kGradient, "dense/bias"),
                view(Role::kGradient, "dense/kernel"), view(Role::kGradient, "w"),
                view(Role::kGradient, "w")}),
            (Names{"dense/kernel", "dense/bias", "dense#2/kernel", "dense#2/bias", "dense#3/kernel",
                   "w", "w#2"}));
}

TEST(DistinctNames, ANumberThatIsTakenIsLeftOut) {
  EXPECT_EQ(distinct_names(std::vector{view(Role::kGradient, "dense/kernel"),
                                       view(Role::kGradient, "dense/kernel"),
                                       view(Role::kGradient, "dense#2/kernel")}),
            (Names{"dense/kernel", "dense#3/kernel", "dense#2/kernel"}));
}

TEST(DistinctNames, AKernelOfOneModelIsNotTakenForThatOfAnother) {
  EXPECT_EQ(distinct_names(std::vector{view(Role::kGradient, "dense/kernel", "A"),
                                       view(Role::kWeight, "dense/kernel", "B")}),
            (Names{"A/dense/kernel", "B/dense/kernel"}));
}

TEST(DistinctNames, ANumberGoesWithTheNetwork) {
  TensorView second = view(Role::kGradient, "dense/kernel"), first = second;
  second.network = 1;
  EXPECT_EQ(distinct_names(std::vector{second, first}), (Names{"dense#2/kernel", "dense/kernel"}));
}

TEST(DistinctNames, TwoModelsOfOneNameAreNumbered) {
  EXPECT_EQ(distinct_names(std::vector{view(Role::kOutput, "dense/output", "A"),
                                       view(Role::kOutput, "dense/output", "A")}),
            (Names{"dense/output", "dense#2/output"}));
}

}  // namespace
}  // namespace gradvitals::test
