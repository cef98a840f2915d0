#include "framework/io/dump_hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "framework/io/float_values.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// The parts of a name between '.' and '/'.
std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = name.find_first_of("./");
    parts.push_back(name.substr(0, end));
    if (end == std::string_view::npos) return parts;
    name.remove_prefix(end + 1);
  }
}

bool has_part(std::string_view name, std::string_view part) {
  return std::ranges::count(parts_of(name), part) > 0;
}

/// Slot names of optimizers of PyTorch and of Keras before version 3.
constexpr std::array<std::string_view, 9> kSlots{"exp_avg",         "exp_avg_sq", "max_exp_avg_sq",
                                                 "momentum_buffer", "square_avg", "acc_delta",
                                                 "grad_avg",        "Adam",       "Momentum"};

/// Slots with names that other tensors have, too ("v" is a projection of attention as well): they
/// count where each has its twin.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTwins{
    {{"m", "v"}, {"mu", "nu"}, {"momentum", "velocity"}}};

using Names = std::set<std::string, std::less<>>;

/// "a/m/w" with "m" replaced, where m is a part of it or the last word of a part ("w_momentum").
std::optional<std::string> renamed(std::string_view name, std::string_view from,
                                   std::string_view to) {
  for (std::size_t at = name.find(from); at != std::string_view::npos;
       at = name.find(from, at + 1)) {
    constexpr std::string_view kBefore = "./_", kAfter = "./";
    const std::size_t end = at + from.size();
    const bool begins = at == 0 || kBefore.find(name[at - 1]) != std::string_view::npos;
    const bool ends = end == name.size() || kAfter.find(name[end]) != std::string_view::npos;
    if (begins && ends) return fmt::format("{}{}{}", name.substr(0, at), to, name.substr(end));
  }
  return std::nullopt;
}

/// The slot of an optimizer that the tensor is by its name; empty for none.
std::string_view slot_of(const std::string& name, const Names& all) {
  for (const std::string_view slot : kSlots) {
    if (has_part(name, slot)) return slot;
  }
  for (const auto& [first, second] : kTwins) {
    const auto twin = renamed(name, first, second);
    if (twin && all.contains(*twin)) return first;
    const auto other = renamed(name, second, first);
    if (other && all.contains(*other)) return second;
  }
  return {};
}

std::optional<std::string> optimizer_hint(const TensorDump& dump) {
  Names names;
  for (const SafetensorsEntry& entry : dump.tensors()) names.insert(entry.name);
  std::int64_t count = 0;
  std::set<std::string_view> slots;
  std::string_view example;
  for (const SafetensorsEntry& entry : dump.tensors()) {
    const std::string_view slot = slot_of(entry.name, names);
    if (slot.empty()) continue;
    if (count++ == 0) example = entry.name;
    slots.insert(slot);
  }
  if (count == 0) return std::nullopt;
  return fmt::format(
      "{} of {} tensors are an optimizer's state by their names ({}: \"{}\"), not gradients; dump "
      "p.grad of model.named_parameters()",
      count, dump.tensors().size(), fmt::join(slots, ", "), shown_name(example));
}

/// Buffers that a state_dict holds beside its weights, and no dump of gradients can.
std::optional<std::string> find_buffer(const TensorDump& dump) {
  constexpr std::array<std::string_view, 5> kBuffers{
      "running_mean", "running_var", "num_batches_tracked", "moving_mean", "moving_variance"};
  const auto is_buffer = [&](std::string_view name) {
    return std::ranges::any_of(kBuffers, [&](auto buffer) { return has_part(name, buffer); });
  };
  for (const SafetensorsEntry& entry : dump.tensors()) {
    if (is_buffer(entry.name)) return entry.name;
  }
  for (const LeftOutTensor& tensor : dump.left_out_tensors()) {
    if (is_buffer(tensor.name)) return tensor.name;
  }
  return std::nullopt;
}

/// "encoder.norm1.weight", "ln_f.scale", "bn/gamma".
bool is_norm_weight(const SafetensorsEntry& entry) {
  const std::vector<std::string_view> parts = parts_of(entry.name);
  if (entry.shape.size() != 1 || parts.size() < 2) return false;
  constexpr std::array<std::string_view, 3> kWeights{"weight", "gamma", "scale"};
  if (std::ranges::find(kWeights, parts.back()) == kWeights.end()) return false;
  const std::string owner = ascii_lower(parts[parts.size() - 2]);
  return owner.find("norm") != std::string::npos || owner.starts_with("ln") ||
         owner.starts_with("bn");
}

/// Weights of a normalisation begin at 1 and stay near it, each of them; a gradient has both signs.
bool is_about_one(const SafetensorsEntry& entry, const std::string& path) {
  constexpr std::int64_t kFewest = 4;
  constexpr float kLow = 0.2F, kHigh = 5.0F;
  if (entry.count < kFewest) return false;
  return std::ranges::all_of(float_values(entry, path),
                             [](float value) { return value > kLow && value < kHigh; });
}

/// What `gradvitals checkup` reads names the activations of its layers; gradients have none.
std::optional<std::string> model_hint(const TensorDump& dump) {
  if (!dump.metadata().contains("activations")) return std::nullopt;
  return "its metadata has \"activations\", as a model has for `gradvitals checkup`: the tensors "
         "are then "
         "weights, not gradients";
}

std::optional<std::string> weights_hint(const TensorDump& dump) {
  constexpr std::string_view kAdvice =
      "so this looks like a model's weights, not gradients; dump p.grad of "
      "model.named_parameters()";
  if (const auto buffer = find_buffer(dump)) {
    return fmt::format("\"{}\" is a buffer, which has no gradient, {}", shown_name(*buffer),
                       kAdvice);
  }
  std::int64_t count = 0;
  std::string_view example;
  for (const SafetensorsEntry& entry : dump.tensors()) {
    if (!is_norm_weight(entry)) continue;
    if (!is_about_one(entry, dump.path())) return std::nullopt;
    if (count++ == 0) example = entry.name;
  }
  if (count == 0) return std::nullopt;
  return fmt::format("every element of \"{}\" is about 1, as in the weights of a normalisation, {}",
                     shown_name(example), kAdvice);
}

}  // namespace

std::vector<std::string> hints(const TensorDump& dump) {
  std::vector<std::string> texts;
  if (auto hint = optimizer_hint(dump)) texts.push_back(std::move(*hint));
  if (auto hint = model_hint(dump)) texts.push_back(std::move(*hint));
  if (auto hint = weights_hint(dump)) texts.push_back(std::move(*hint));
  return texts;
}

}  // namespace gradvitals
