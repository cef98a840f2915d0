#include "benchmarks/study/training_faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "benchmarks/study/spoil.h"

namespace gradvitals::study {
namespace {

using enum Verdict;

bool is_any(const WatchedNetwork&) {
  return true;
}
bool has_relu(const WatchedNetwork& network) {
  return network.activation == Activation::kRelu;
}
bool has_tanh(const WatchedNetwork& network) {
  return network.activation == Activation::kTanh;
}
bool has_sigmoid_head(const WatchedNetwork& network) {
  return network.hidden_widths.empty();
}
/// What is too large gets through to the loss: nothing in between saturates.
bool passes_scale(const WatchedNetwork& network) {
  return !has_tanh(network) && !has_sigmoid_head(network);
}
/// Targets that may have any scale.
bool has_mse(const WatchedNetwork& network) {
  return network.task.ends_with("mse");
}

/// What signals that grow do on their way.
const Names kGrowth = {{kExploding, kUnstable, kNonFinite, kSaturated, kDead}, {"R12", "R15"}};
const Names kNotFinite = {{kNonFinite}, {}};
const Names kGone = {{kVanishing}, {"R16"}};
const Names kStill = {{}, {"R12", "R16", "R18"}};
const Names kNone = {};

/// Only what happens in one step.
template <class Change>
void once(SpoiledStep& step, const Change& change) {
  if (step.since == 0) change(step);
}

std::vector<TrainingFault> faults_of_data() {
  return {
      {"NaN in a batch", kNotFinite, kNone, is_any,
       [](SpoiledStep& s) { once(s, [](SpoiledStep& t) { t.x[11] = kNaN; }); }},
      {"infinity in a target", kNotFinite, kNone, is_any,
       [](SpoiledStep& s) { once(s, [](SpoiledStep& t) { t.y[3] = kInf; }); }},
      {"one batch x 100",
       {{kExploding, kUnstable}, {"R14", "R17"}},
       {{kSaturated, kDead, kVanishing, kNonFinite}, {}},
       passes_scale,
       [](SpoiledStep& s) { once(s, [](SpoiledStep& t) { scale(t.x, 100.0F); }); }},
      {"targets of one batch x 100",
       {{kExploding, kUnstable}, {"R14", "R17"}},
       {{kSaturated, kDead, kVanishing, kNonFinite}, {}},
       has_mse,
       [](SpoiledStep& s) { once(s, [](SpoiledStep& t) { scale(t.y, 100.0F); }); }},
      {"labels shuffled",
       {{kUnstable, kExploding}, {"R14", "R15", "R16", "R17"}},
       kNone,
       is_any,
       shuffle_targets},
      {"features x 50",
       {{kExploding, kUnstable, kSaturated}, {"R14", "R17"}},
       {{kDead, kVanishing, kNonFinite}, {}},
       is_any,
       [](SpoiledStep& s) { scale(s.x, 50.0F); }},
  };
}

std::vector<TrainingFault> faults_of_rates() {
  return {
      {"learning rate x 100",
       kGrowth,
       {{kVanishing}, {"R14", "R17"}},
       is_any,
       [](SpoiledStep& s) { s.rate_factor = 100.0; }},
      {"learning rate x 1,000",
       kGrowth,
       {{kVanishing}, {"R14", "R17"}},
       is_any,
       [](SpoiledStep& s) { s.rate_factor = 1000.0; }},
      {"learning rate + 4 % a step",
       kGrowth,
       {{kVanishing}, {"R14", "R17"}},
       is_any,
       [](SpoiledStep& s) { s.rate_factor = grown(1.04, s.since); }},
      {"learning rate / 100,000", kStill, kNone, is_any,
       [](SpoiledStep& s) { s.rate_factor = 1e-5; }},
      {"uphill",
       kGrowth,
       {{kVanishing}, {"R14", "R16", "R17"}},
       is_any,
       [](SpoiledStep& s) { std::ranges::fill(s.update_factors, -1.0); }},
      {"a frozen layer", kStill, kNone, is_any,
       [](SpoiledStep& s) {
         s.update_factors[kernel_of(s)] = 0.0;
         s.update_factors[kernel_of(s) + 1] = 0.0;
       }},
      {"all weights frozen", kStill, kNone, is_any,
       [](SpoiledStep& s) { std::ranges::fill(s.update_factors, 0.0); }},
  };
}

std::vector<TrainingFault> faults_of_weights() {
  return {
      {"NaN in a weight", kNotFinite, kNone, is_any,
       [](SpoiledStep& s) {
         once(s, [](SpoiledStep& t) { edit(t, kernel_of(t), [](auto& w) { w[7] = kNaN; }); });
       }},
      {"a dead layer",
       {{kDead}, {}},
       {{kVanishing, kUnstable}, {"R14", "R17"}},
       has_relu,
       [](SpoiledStep& s) {
         once(s, [](SpoiledStep& t) {
           edit(t, kernel_of(t) + 1, [](auto& bias) { std::ranges::fill(bias, -100.0F); });
         });
       }},
      {"a tanh layer x 30",
       {{kSaturated}, {}},
       {{kExploding, kUnstable, kVanishing}, {"R14", "R17"}},
       has_tanh,
       [](SpoiledStep& s) {
         once(s, [](SpoiledStep& t) { edit(t, kernel_of(t), scaled_by(30.0F)); });
       }},
      {"a sigmoid head x 1,000",
       {{kSaturated}, {}},
       {{kExploding, kUnstable, kVanishing}, {"R14", "R17"}},
       has_sigmoid_head,
       [](SpoiledStep& s) {
         once(s, [](SpoiledStep& t) { edit(t, t.parameters.size() - 2, scaled_by(1000.0F)); });
       }},
      {"all weights + 2 % a step",
       {{kExploding, kUnstable, kSaturated}, {"R15"}},
       {{kDead, kVanishing, kNonFinite}, {"R14", "R17"}},
       is_any,
       [](SpoiledStep& s) {
         for (std::size_t i = 0; i < s.parameters.size(); ++i) edit(s, i, scaled_by(1.02F));
       }},
      {"a layer's weights + 10 % a step",
       {{kExploding, kUnstable, kSaturated}, {"R15"}},
       {{kDead, kVanishing, kNonFinite}, {"R14", "R17"}},
       is_any,
       [](SpoiledStep& s) { edit(s, kernel_of(s), scaled_by(1.1F)); }},
      {"a layer set to zero",
       {{kVanishing, kDead, kSymmetric, kUnstable}, {"R14", "R17"}},
       kNone,
       is_any,
       [](SpoiledStep& s) {
         once(s, [](SpoiledStep& t) { edit(t, kernel_of(t), scaled_by(0.0F)); });
       }},
      {"a layer held at zero",
       {{kVanishing, kDead}, {}},
       {{kSymmetric, kUnstable}, {"R14", "R16", "R17"}},
       is_any,
       [](SpoiledStep& s) { edit(s, kernel_of(s), scaled_by(0.0F)); }},
      // Held: an optimizer's state, another for each unit, would tell them apart again.
      {"units of a layer held equal",
       {{kSymmetric}, {}},
       {{kUnstable, kDead, kSaturated}, {"R14", "R15", "R17"}},
       is_any,
       equal_units},
  };
}

std::vector<TrainingFault> faults_of_gradients() {
  return {
      {"gradients x 1/65,536",
       {{kVanishing}, {"R12", "R14", "R18"}},
       kGone,
       is_any,
       nullptr,
       [](SpoiledStep& s) { scale_gradients(s, 1.0F / 65536.0F); }},
      {"gradients x 65,536",
       kGrowth,
       {{kVanishing}, {"R14", "R17"}},
       is_any,
       nullptr,
       [](SpoiledStep& s) { scale_gradients(s, 65536.0F); }},
      {"gradients never set to zero",
       {{kExploding, kUnstable}, {"R12", "R14", "R15"}},
       {{kVanishing, kSaturated, kDead, kNonFinite}, {"R16", "R17"}},
       is_any,
       nullptr,
       accumulate_gradients},
      {"a layer's gradients zero",
       {{kVanishing, kNoGradient}, {"R12", "R13", "R18"}},
       kNone,
       is_any,
       nullptr,
       zero_gradients},
      {"a layer without gradients",
       {{kNoGradient}, {"R13"}},
       {{}, {"R12", "R18"}},
       is_any,
       nullptr,
       drop_gradients},
      {"noise of 30 gradients",
       {{kExploding, kUnstable}, {"R14", "R15", "R17"}},
       {{kSaturated, kDead, kVanishing, kNonFinite}, {}},
       is_any,
       nullptr,
       add_noise},
  };
}

}  // namespace

bool Names::contain(const Finding& finding) const {
  return std::ranges::find(verdicts, finding.verdict) != verdicts.end() ||
         std::ranges::find(rules, rule_number(finding.rule)) != rules.end();
}

const std::vector<TrainingFault>& training_faults() {
  static const std::vector<TrainingFault> faults = [] {
    std::vector<TrainingFault> all;
    for (const auto make :
         {faults_of_data, faults_of_rates, faults_of_weights, faults_of_gradients}) {
      std::ranges::move(make(), std::back_inserter(all));
    }
    return all;
  }();
  return faults;
}

const TrainingFault& training_fault(std::string_view name) {
  const std::vector<TrainingFault>& faults = training_faults();
  const auto found = std::ranges::find(faults, name, &TrainingFault::name);
  if (found != faults.end()) return *found;
  std::vector<std::string_view> names;
  for (const TrainingFault& fault : faults) names.push_back(fault.name);
  throw std::invalid_argument(
      fmt::format("no fault is called '{}': there are {}", name, fmt::join(names, "; ")));
}

}  // namespace gradvitals::study
