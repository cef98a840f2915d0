#include "framework/io/dense_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// "net.", 2 and "weight" of "net.2.weight".
struct LayerName {
  std::string_view prefix;
  std::int64_t index = 0;
  std::string_view part;
};

/// None if it is not the name of a tensor of a layer.
std::optional<LayerName> parse_layer_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  LayerName layer;
  layer.part = name.substr(dot + 1);
  if (layer.part != "kernel" && layer.part != "weight" && layer.part != "bias") return std::nullopt;
  std::size_t first = dot;
  while (first > 0 && is_digit(name[first - 1])) --first;
  layer.prefix = name.substr(0, first);
  const std::string_view digits = name.substr(first, dot - first);
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), layer.index);
  // One spelling per layer: "layers.01" is none.
  if (error != std::errc() || digits != fmt::format("{}", layer.index)) return std::nullopt;
  return layer;
}

/// The prefix of the first tensor with the name of a layer.
std::string_view prefix_of(const SafetensorsFile& file) {
  for (const SafetensorsEntry& entry : file.tensors()) {
    if (const std::optional<LayerName> name = parse_layer_name(entry.name)) return name->prefix;
  }
  return "layers.";
}

using LayersByIndex = std::map<std::int64_t, LayerTensors>;

LayersByIndex sort_into_layers(const SafetensorsFile& file, std::string_view prefix) {
  LayersByIndex layers;
  for (const SafetensorsEntry& entry : file.tensors()) {
    const std::optional<LayerName> name = parse_layer_name(entry.name);
    if (!name || name->prefix != prefix) {
      refuse_tensor(file, entry.name,
                    fmt::format("is none of {0}{{i}}.kernel, {0}{{i}}.weight, {0}{{i}}.bias; {1}",
                                shown_name(prefix), kDenseLayersAlone));
    }
    LayerTensors& layer = layers[name->index];
    (name->part == "kernel"   ? layer.kernel
     : name->part == "weight" ? layer.weight
                              : layer.bias) = &entry;
  }
  return layers;
}

/// Refuses tensors of other types with the name of a layer; others are passed over.
void check_left_out(const SafetensorsFile& file, std::string_view prefix) {
  for (const LeftOutTensor& tensor : file.left_out()) {
    const std::optional<LayerName> name = parse_layer_name(tensor.name);
    if (!name || name->prefix != prefix) continue;
    refuse_tensor(
        file, tensor.name,
        fmt::format("is of type {}; F32, F64, F16 or BF16 is needed", in_quotes(tensor.dtype)));
  }
}

}  // namespace

void refuse_tensor(const SafetensorsFile& file, std::string_view tensor, std::string_view what) {
  refuse_input(file.path(), fmt::format("tensor {}: {}", in_quotes(tensor), what));
}

std::vector<LayerTensors> dense_layers_of(const SafetensorsFile& file) {
  const std::string_view prefix = prefix_of(file);
  const LayersByIndex by_index = sort_into_layers(file, prefix);
  check_left_out(file, prefix);
  if (by_index.empty()) refuse_input(file.path(), "has no layers.0.kernel or layers.0.weight");
  const bool has_gaps = std::ranges::all_of(
      by_index, [](const auto& layer) { return layer.second.weight != nullptr; });
  std::vector<LayerTensors> layers;
  for (const auto& [index, layer] : by_index) {
    const std::int64_t expected = has_gaps ? index : std::ssize(layers);
    if (index != expected || (layer.kernel == nullptr && layer.weight == nullptr)) {
      refuse_input(file.path(), fmt::format("{0}{1}.kernel or {0}{1}.weight is missing",
                                            shown_name(prefix), expected));
    }
    if (layer.kernel != nullptr && layer.weight != nullptr) {
      refuse_tensor(file, layer.weight->name, "the layer has a kernel, too");
    }
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace gradvitals
