#include "app/optimizer_options.h"

#include <fmt/format.h>

#include <limits>

#include "app/options.h"

namespace gradvitals::app {

void OptimizerOptions::add_to(Command& command, const std::string& default_word) {
  command.word("--optimizer", {"sgd", "momentum", "adam", "adamw"}, default_word,
               "What makes updates of gradients",
               [this](const std::string& word) { kind = parse_optimizer(word); });
  command.number_from_zero("--momentum", momentum, 1.0, "Of momentum; 0.9 if not given");
  command.flag("--nesterov", nesterov, "Of momentum: Nesterov's");
  command.number_from_zero("--weight-decay", weight_decay, std::numeric_limits<double>::infinity(),
                           "Of adamw; 0.01 if not given");
  command.positive_number("--learning-rate", learning_rate,
                          "0.001 if not given; 0.01 of momentum, 0.1 of sgd");
}

void OptimizerOptions::check(OptimizerKind default_kind) const {
  const bool has_momentum = kind == OptimizerKind::kMomentum;
  refuse_without(momentum.has_value(), "--momentum", has_momentum, "--optimizer momentum");
  refuse_without(nesterov, "--nesterov", has_momentum, "--optimizer momentum");
  refuse_without(weight_decay.has_value(), "--weight-decay", kind == OptimizerKind::kAdamW,
                 "--optimizer adamw");
  if (!learning_rate) return;
  const OptimizerKind taken = kind.value_or(default_kind);
  const RateRange range = float32_rates(choice(taken));
  if (*learning_rate >= range.lowest && *learning_rate <= range.highest) return;
  throw UsageError(fmt::format(
      "--learning-rate: {:.3g} is not from {:.3g} to {:.3g}, with which {} can make steps of "
      "float32",
      *learning_rate, range.lowest, range.highest, name(taken)));
}

const char* OptimizerOptions::given() const {
  return kind            ? "--optimizer"
         : momentum      ? "--momentum"
         : nesterov      ? "--nesterov"
         : weight_decay  ? "--weight-decay"
         : learning_rate ? "--learning-rate"
                         : nullptr;
}

OptimizerChoice OptimizerOptions::choice(OptimizerKind kind_taken) const {
  OptimizerChoice chosen = {.kind = kind_taken, .nesterov = nesterov};
  if (momentum) chosen.momentum = *momentum;
  if (weight_decay) chosen.weight_decay = *weight_decay;
  return chosen;
}

}  // namespace gradvitals::app
