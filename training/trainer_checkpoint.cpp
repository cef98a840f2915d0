// Trainer's checkpoints: what goes into them, and back.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "training/checkpoint.h"
#include "training/signal_watch.h"
#include "training/step_watch.h"
#include "training/trainer.h"

namespace gradvitals {
namespace {

constexpr std::string_view kModelPrefix = "model/";
constexpr std::string_view kOptimizerPrefix = "optimizer/";
constexpr std::string_view kControlsName = "training/controls";
constexpr std::string_view kEpochLossName = "training/epoch_loss";
constexpr std::string_view kUpdateSquaresName = "training/update_squares";
/// Beside what observers save.
constexpr const char* kTrackerState = "tracker";

/// FNV-1a over words: tells data sets of one shape apart.
std::uint64_t fingerprint(std::span<const float> values, std::uint64_t hash) {
  for (const float value : values) {
    hash = (hash ^ std::bit_cast<std::uint32_t>(value)) * 0x100000001b3U;
  }
  return hash;
}

std::string data_text(const TrainingData& data) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325U;
  const std::uint64_t hash = fingerprint(data.training.y, fingerprint(data.training.x, kBasis));
  return fmt::format("{} samples of {} features and {} targets, fingerprint {:016x}",
                     data.training.rows, data.features, data.outputs, hash);
}

/// What people change when they go on: R17 advises a lower rate. The number of steps is a setting
/// where the rate depends on it.
constexpr std::string_view kRateSetting = "learning rate";
constexpr std::string_view kStepsSetting = "number of steps";
constexpr std::array kFreeSettings = {kRateSetting, kStepsSetting};

bool is_free_to_change(std::string_view setting) {
  return std::ranges::find(kFreeSettings, setting) != kFreeSettings.end();
}

std::string_view without_indent(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

/// The first lines in which two texts differ: a model is a table.
std::pair<std::string_view, std::string_view> differing_lines(std::string_view a,
                                                              std::string_view b) {
  for (;;) {
    const std::size_t end_a = a.find('\n');
    const std::size_t end_b = b.find('\n');
    const std::string_view line_a = a.substr(0, end_a);
    const std::string_view line_b = b.substr(0, end_b);
    const bool is_last = end_a == std::string_view::npos || end_b == std::string_view::npos;
    if (is_last || line_a != line_b) return {without_indent(line_a), without_indent(line_b)};
    a.remove_prefix(end_a + 1);
    b.remove_prefix(end_b + 1);
  }
}

void check_settings(const std::map<std::string, std::string>& mine,
                    const std::map<std::string, std::string>& its, const std::string& path) {
  for (const auto& [key, value] : mine) {
    const auto found = its.find(key);
    if (found == its.end() && key == kStepsSetting) continue;  // Was constant, and is no more.
    if (found == its.end()) {
      refuse_input(path, fmt::format("does not say with which {} it was made", key));
    }
    if (found->second == value || is_free_to_change(key)) continue;
    const auto [its_part, my_part] = differing_lines(found->second, value);
    refuse_input(path, fmt::format("was made with {} {}, not {}; to go on, all settings but "
                                   "learning rate and number of steps must be those of before",
                                   key, in_quotes(its_part), in_quotes(my_part)));
  }
}

std::vector<SettingChange> changes_between(const std::map<std::string, std::string>& its,
                                           const std::map<std::string, std::string>& mine) {
  std::vector<SettingChange> changes;
  for (const std::string_view key : kFreeSettings) {
    const auto before = its.find(std::string(key));
    const auto now = mine.find(std::string(key));
    if (before == its.end() || now == mine.end() || before->second == now->second) continue;
    changes.push_back({.name = std::string(key), .before = before->second, .now = now->second});
  }
  return changes;
}

const Tensor& required(const Checkpoint& checkpoint, std::string_view name, const Shape& shape,
                       DType dtype, const std::string& path) {
  const Tensor* const tensor = checkpoint.find(name);
  if (tensor == nullptr) {
    refuse_input(path, fmt::format("tensor {} is missing", in_quotes(name)));
  }
  if (tensor->shape() == shape && tensor->dtype() == dtype) return *tensor;
  refuse_input(path, fmt::format("tensor {}: is {} {}, and {} {} is needed", in_quotes(name),
                                 tensor->shape().text(), gradvitals::name(tensor->dtype()),
                                 shape.text(), gradvitals::name(dtype)));
}

void check_step(std::int64_t step, std::int64_t total_steps, const std::string& path) {
  if (step <= total_steps) return;
  refuse_input(path, fmt::format("step: {} steps are made, and this training has {} in all; to go "
                                 "on, give it more",
                                 step, total_steps));
}

/// The number of losses in a sum of them. The sum itself may be anything: so may losses.
std::int64_t checked_count(double count, std::int64_t steps_per_epoch, const std::string& path) {
  const auto most = static_cast<double>(steps_per_epoch);
  if (count >= 0.0 && count <= most && count == std::floor(count)) {
    return static_cast<std::int64_t>(count);
  }
  refuse_input(path, fmt::format("tensor {}: counts {} steps of an epoch, and an epoch has {}",
                                 in_quotes(kEpochLossName), count, steps_per_epoch));
}

std::array<double, 4> numbers_of(const StepControls& controls) {
  return {controls.learning_rate_factor, controls.max_norm, controls.skip_above_norm,
          controls.skips_nonfinite ? 1.0 : 0.0};
}

StepControls controls_of(const std::vector<double>& numbers) {
  return {.learning_rate_factor = numbers[0],
          .max_norm = numbers[1],
          .skip_above_norm = numbers[2],
          .skips_nonfinite = numbers[3] != 0.0};
}

/// The optimizer's part of the tensors.
std::vector<OptimizerTensor> optimizer_tensors(const Checkpoint& checkpoint) {
  std::vector<OptimizerTensor> tensors;
  for (const auto& [name, value] : checkpoint.tensors) {
    if (!name.starts_with(kOptimizerPrefix)) continue;
    tensors.push_back({name.substr(kOptimizerPrefix.size()), value});
  }
  return tensors;
}

/// The value of each parameter, in their order.
std::vector<Tensor> model_tensors(const Checkpoint& checkpoint, const Sequential& model,
                                  const std::string& path) {
  std::vector<Tensor> tensors;
  for (const Parameter* const parameter : model.parameters()) {
    tensors.push_back(required(checkpoint, fmt::format("{}{}", kModelPrefix, parameter->name),
                               parameter->value.shape(), parameter->value.dtype(), path));
  }
  return tensors;
}

}  // namespace

std::map<std::string, std::string> Trainer::settings() const {
  std::map<std::string, std::string> settings = options_.settings;
  settings["model"] = model_.summary();
  settings["data"] = data_text(data_);
  settings["loss"] = name(options_.loss);
  settings["optimizer"] = summary(options_.optimizer);
  settings["batch"] = fmt::format("{}", batches_.batch());
  settings["seed"] = fmt::format("{}", options_.seed);
  settings[std::string(kRateSetting)] = summary(options_.learning_rate);
  if (options_.learning_rate.decay != LearningRateDecay::kConstant) {
    settings[std::string(kStepsSetting)] = fmt::format("{}", total_steps_);
  }
  return settings;
}

void Trainer::save_checkpoint(const std::string& path) const {
  Checkpoint checkpoint{.step = step_, .settings = settings(), .state = {}, .tensors = {}};
  for (const TrainingObserver* const observer : observers_) observer->save_state(checkpoint.state);
  if (watch_) checkpoint.state[kTrackerState] = tracker_.save_state();
  const auto add = [&](std::string_view prefix, std::string_view name, Tensor value) {
    checkpoint.tensors.push_back({fmt::format("{}{}", prefix, name), std::move(value)});
  };
  for (const Parameter* const parameter : model_.parameters()) {
    add(kModelPrefix, parameter->name, parameter->value);
  }
  for (OptimizerTensor& tensor : optimizer_->state(stream_, parameters_)) {
    add(kOptimizerPrefix, tensor.name, std::move(tensor.value));
  }
  const auto controls = numbers_of(controls_);
  add("", kControlsName, Tensor::from_host<double>(stream_, {4}, controls));
  const std::array losses = {epoch_loss_.sum, static_cast<double>(epoch_loss_.count)};
  add("", kEpochLossName, Tensor::from_host<double>(stream_, {2}, losses));
  if (watch_ && watch_->update_squares().has_value()) {
    add("", kUpdateSquaresName, watch_->update_squares());
  }
  write_checkpoint(path, checkpoint);
}

std::vector<SettingChange> Trainer::load_checkpoint(const std::string& path) {
  const Checkpoint checkpoint = read_checkpoint(stream_, path);
  const std::map<std::string, std::string> own = settings();
  check_settings(own, checkpoint.settings, path);
  check_step(checkpoint.step, total_steps_, path);
  const std::vector<Tensor> values = model_tensors(checkpoint, model_, path);
  const StepControls controls = controls_of(
      required(checkpoint, kControlsName, {4}, DType::kFloat64, path).to_host<double>());
  const auto losses =
      required(checkpoint, kEpochLossName, {2}, DType::kFloat64, path).to_host<double>();
  const std::int64_t losses_count = checked_count(losses[1], steps_per_epoch(), path);
  Tensor squares;
  if (checkpoint.find(kUpdateSquaresName) != nullptr) {
    squares =
        required(checkpoint, kUpdateSquaresName, {std::ssize(parameters_)}, DType::kFloat64, path);
  }
  HealthTracker tracker(options_.thresholds);
  const std::pair controls_before{controls_, next_controls_};
  const bool was_in_step = std::exchange(is_in_step_, false);
  try {
    const auto remembered = checkpoint.state.find(kTrackerState);
    if (watch_ && remembered != checkpoint.state.end()) tracker.load_state(remembered->second);
    check_controls(controls);
    controls_ = next_controls_ = controls;
    for (TrainingObserver* const observer : observers_) observer->load_state(checkpoint.state);
    optimizer_->load_state(stream_, parameters_, optimizer_tensors(checkpoint));
  } catch (const std::invalid_argument& error) {
    std::tie(controls_, next_controls_) = controls_before;
    is_in_step_ = was_in_step;
    refuse_input(path, error.what());
  }
  // From here on nothing is refused.
  const std::vector<Parameter*> parameters = model_.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameters[i]->value.copy_from_host<float>(stream_, values[i].to_host<float>());
  }
  step_ = checkpoint.step;
  epoch_loss_ = {.sum = losses[0], .count = losses_count};
  is_epoch_over_ = losses_count > 0 && step_ % steps_per_epoch() == 0;
  loss_.reset();
  validation_.reset();
  tracker_ = std::move(tracker);
  forget_pending();
  if (watch_) watch_->keep(squares);
  if (signal_watch_) signal_watch_->forget();
  set_layer_counts(step_);
  return changes_between(checkpoint.settings, own);
}

}  // namespace gradvitals
