// Which of the values that a training run logs are norms of gradients, told by their names. Internal.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// How well a name stands for the training step: 0 for "step" and its like, larger for what stands
/// in for it ("epoch"); empty for other names.
std::optional<int> step_rank(std::string_view name);

/// "loss", "train/loss" and the like: the loss that is differentiated, not one of its parts.
bool is_loss_name(std::string_view name);

/// "eval_accuracy", "val/loss": of an evaluation, which computes no gradient.
bool is_evaluation_name(std::string_view name);

/// Whether the name says "gradient" and none of what else is named after gradients (their clipping,
/// accumulation, ...).
bool says_gradient(std::string_view name);

/// "layers.0.weight", "dense/kernel": the parameter of a layer, whatever that is called.
bool is_parameter_name(std::string_view name);

/// What stands where no value was recorded: nothing, "-", "NA", "null", "None", ...
bool is_no_value(std::string_view text);

/// For each name, whether its values are norms: those marked in `known` and those that say
/// "gradient", without their other statistics ("grad/w/mean"); where there are none, all that are
/// not known for something else (losses, rates, times, counts, ...).
std::vector<bool> choose_norms(std::span<const std::string> names, const std::vector<bool>& known);

/// "grad_norm", "train/total_norm" and the like, alone or in a tracker's scope: the norm of all
/// gradients together, where no other name is one as well.
bool is_total_norm_name(std::string_view name);

/// The norm of all gradients together ("train/grad_norm") among the norms of tensors, which is no
/// tensor's; empty where there is none or where nothing else was chosen.
std::optional<std::size_t> total_norm_among(std::span<const std::string> names,
                                            const std::vector<bool>& chosen);

/// What all the names begin with, as trackers write the name of a run: "run-1 - ". Empty for none.
std::string_view run_prefix(std::span<const std::string_view> names);

}  // namespace gradvitals
