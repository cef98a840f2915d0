#include "training/plan_changes.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <variant>

namespace gradvitals {
namespace {

std::string words_of(const Initializer& initializer) {
  if (std::holds_alternative<HeNormal>(initializer)) {
    return "He initial values (normal, cut at two deviations; deviation sqrt(2 / inputs))";
  }
  if (std::holds_alternative<GlorotUniform>(initializer)) {
    return "Glorot initial values (uniform, within +-sqrt(6 / (inputs + units)))";
  }
  throw std::logic_error("changes_in_words: no remedy has this initializer");
}

/// "dense layer 1", "dense layers 1 to 3": from 1, both among them.
std::string layers_text(std::size_t first, std::size_t last, std::size_t count) {
  if (count > 1 && first == 1 && last == count) return "all dense layers";
  return first == last ? fmt::format("dense layer {}", first)
                       : fmt::format("dense layers {} to {}", first, last);
}

/// The initializer of a layer that begins with other values than before.
std::optional<Initializer> new_initializer(const DensePlan& before, const DensePlan& after) {
  if (after.values) return std::nullopt;
  if (!before.values && before.initializer == after.initializer) return std::nullopt;
  return after.initializer;
}

void add_initial_values(const TrainingPlan& original, const TrainingPlan& changed,
                        std::vector<std::string>& words) {
  const std::vector<const DensePlan*> before = dense_plans(original.network);
  const std::vector<const DensePlan*> after = dense_plans(changed.network);
  for (std::size_t first = 0; first < after.size();) {
    const std::optional<Initializer> initializer =
        new_initializer(*before.at(first), *after[first]);
    std::size_t end = first + 1;
    while (end < after.size() && new_initializer(*before.at(end), *after[end]) == initializer)
      ++end;
    if (initializer) {
      words.push_back(fmt::format("{} in {}, biases 0", words_of(*initializer),
                                  layers_text(first + 1, end, after.size())));
    }
    first = end;
  }
}

void add_reading(const TrainingPlan& original, const TrainingPlan& changed,
                 std::vector<std::string>& words) {
  if (original.readout == changed.readout) return;
  words.emplace_back(changed.readout == Readout::kSoftmax
                         ? "predictions are the softmax of the outputs"
                         : "predictions are the sigmoid of the outputs");
}

void add_steps(const TrainingPlan& original, const TrainingPlan& changed,
               std::vector<std::string>& words) {
  const StepControls& controls = changed.controls;
  if (controls.max_norm != original.controls.max_norm && std::isfinite(controls.max_norm)) {
    words.push_back(
        fmt::format("gradients clipped to a norm of {} (L2 of all together)", controls.max_norm));
  }
  if (controls.skips_nonfinite && !original.controls.skips_nonfinite) {
    words.emplace_back("steps with NaN or Inf in their gradients skipped");
  }
  const LearningRate& rate = changed.options.learning_rate;
  if (rate.warmup_steps != original.options.learning_rate.warmup_steps) {
    words.push_back(fmt::format(
        "learning rate warmed up: step s of the first {}, from 0, has {} * (s + 1) / {}",
        rate.warmup_steps, rate.base, rate.warmup_steps));
  }
}

}  // namespace

std::vector<std::string> changes_in_words(const TrainingPlan& original,
                                          const TrainingPlan& changed) {
  std::vector<std::string> words;
  add_initial_values(original, changed, words);
  add_reading(original, changed, words);
  if (changed.data != original.data) {
    words.emplace_back(
        "inputs standardised: (x - mean) / deviation, of each column over the samples that are "
        "trained on; 0 where a column does not vary");
  }
  add_steps(original, changed, words);
  return words;
}

}  // namespace gradvitals
