#include "monitor/history/history_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Elements of all tensors together: sums of counts stay within int64.
constexpr std::int64_t kMostElements = std::int64_t{1} << 60;
/// Units of a layer, and samples of a batch: their product stays within int64.
constexpr std::int64_t kMostUnits = std::int64_t{1} << 31;

bool is_same_kind(const TensorRecord& a, const TensorRecord& b) {
  return a.name == b.name && a.role == b.role && a.layer == b.layer && a.network == b.network &&
         a.dtype == b.dtype && a.activation == b.activation && a.rows == b.rows &&
         a.cols == b.cols && a.channels == b.channels && a.rank == b.rank &&
         a.unit_axis == b.unit_axis;
}

bool is_same_layer(const LayerUnits& a, const LayerUnits& b) {
  return a.name == b.name && a.layer == b.layer && a.network == b.network &&
         a.activation == b.activation && a.is_head == b.is_head && a.unit_count == b.unit_count;
}

std::string_view axis_word(UnitAxis axis) {
  if (axis == UnitAxis::kRows) return "rows";
  return axis == UnitAxis::kCols ? "cols" : "unknown";
}

ordered_json names_json(const std::vector<Name>& names) {
  ordered_json list = ordered_json::array();
  for (const Name& name : names) list.push_back(name.text());
  return list;
}

/// Without what is as in a default record.
ordered_json tensor_layout_json(const TensorRecord& tensor) {
  const TensorRecord usual;
  ordered_json object = {{"name", tensor.name.text()}, {"role", name(tensor.role)}};
  const auto add = [&object](const char* key, auto value, auto usual_value) {
    if (value != usual_value) object[key] = value;
  };
  add("layer", tensor.layer, usual.layer);
  add("network", tensor.network, usual.network);
  add("dtype", name(tensor.dtype), name(usual.dtype));
  add("activation", name(tensor.activation), name(usual.activation));
  add("count", tensor.stats.count, std::int64_t{0});
  add("rows", tensor.rows, usual.rows);
  add("cols", tensor.cols, usual.cols);
  add("rank", tensor.rank, usual.rank);
  add("unit_axis", axis_word(tensor.unit_axis), axis_word(usual.unit_axis));
  add("channels", tensor.channels, usual.channels);
  return object;
}

ordered_json units_layout_json(const LayerUnits& layer) {
  return {{"name", layer.name.text()}, {"layer", layer.layer},
          {"network", layer.network},  {"activation", name(layer.activation)},
          {"is_head", layer.is_head},  {"unit_count", layer.unit_count}};
}

/// One object of a layout, member by member.
class LayoutObject {
 public:
  explicit LayoutObject(const json& object) : object_(object) {
    if (!object.is_object()) throw std::invalid_argument("an entry of the layout is no object");
  }

  std::string text(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_string()) refuse_member(key, "is no text");
    return found->get<std::string>();
  }

  std::int64_t whole(const char* key, std::int64_t usual, std::int64_t low,
                     std::int64_t high) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return usual;
    if (!found->is_number_integer()) refuse_member(key, "is no whole number");
    const bool is_huge = found->is_number_unsigned() &&
                         found->get<std::uint64_t>() > static_cast<std::uint64_t>(high);
    if (is_huge || found->get<std::int64_t>() < low || found->get<std::int64_t>() > high) {
      refuse_member(key, fmt::format("is not from {} to {}", low, high));
    }
    return found->get<std::int64_t>();
  }

  int small(const char* key, int usual, int low) const {
    return static_cast<int>(whole(key, usual, low, std::numeric_limits<int>::max()));
  }

  /// `parse` gives an optional, empty for a word that it does not know.
  template <class Value, class Parse>
  Value word(const char* key, Value usual, const Parse& parse) const {
    if (!object_.contains(key)) return usual;
    const auto value = parse(text(key));
    if (!value) refuse_member(key, "is no known word");
    return *value;
  }

  bool truth(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_boolean() && found->get<bool>();
  }

 private:
  [[noreturn]] static void refuse_member(const char* key, std::string_view what) {
    throw std::invalid_argument(fmt::format("{} of the layout {}", in_quotes(key), what));
  }

  const json& object_;
};

std::optional<Role> parse_role(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(Role::kUpdateSquares); ++i) {
    if (name(static_cast<Role>(i)) == word) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::optional<UnitAxis> parse_axis(std::string_view word) {
  for (const UnitAxis axis : {UnitAxis::kUnknown, UnitAxis::kRows, UnitAxis::kCols}) {
    if (axis_word(axis) == word) return axis;
  }
  return std::nullopt;
}

int read_network(const LayoutObject& object, const std::vector<Name>& networks) {
  const int network = object.small("network", 0, 0);
  if (network >= static_cast<int>(std::max<std::size_t>(networks.size(), 1))) {
    throw std::invalid_argument("\"network\" of the layout is none of its networks");
  }
  return network;
}

TensorRecord read_tensor(const json& value, const std::vector<Name>& networks) {
  const LayoutObject object(value);
  TensorRecord tensor;
  tensor.name = object.text("name");
  tensor.role = object.word("role", tensor.role, parse_role);
  tensor.layer = object.small("layer", tensor.layer, -1);
  tensor.network = read_network(object, networks);
  tensor.dtype = object.word("dtype", tensor.dtype, parse_dtype);
  tensor.activation = object.word("activation", tensor.activation, parse_activation);
  tensor.stats.count = object.whole("count", 0, 0, kMostElements);
  tensor.rows = object.whole("rows", tensor.rows, 0, kMostElements);
  tensor.cols = object.whole("cols", tensor.cols, 0, kMostElements);
  tensor.rank = object.small("rank", tensor.rank, 0);
  tensor.unit_axis = object.word("unit_axis", tensor.unit_axis, parse_axis);
  tensor.channels = object.whole("channels", tensor.channels, 0, kMostElements);
  return tensor;
}

LayerUnits read_layer(const json& value, const std::vector<Name>& networks) {
  const LayoutObject object(value);
  LayerUnits layer;
  layer.name = object.text("name");
  layer.layer = object.small("layer", layer.layer, -1);
  layer.network = read_network(object, networks);
  layer.activation = object.word("activation", layer.activation, parse_activation);
  layer.is_head = object.truth("is_head");
  layer.unit_count = object.whole("unit_count", 0, 0, kMostUnits);
  return layer;
}

/// Empty where the object has none.
const json& list_of(const json& object, const char* key) {
  static const json none = json::array();
  const auto found = object.find(key);
  if (found == object.end()) return none;
  if (!found->is_array()) {
    throw std::invalid_argument(fmt::format("{} of the layout is no array", in_quotes(key)));
  }
  return *found;
}

std::vector<Name> read_names(const json& object, const char* key) {
  std::vector<Name> names;
  for (const json& value : list_of(object, key)) {
    if (!value.is_string()) {
      throw std::invalid_argument(fmt::format("a name in {} is no text", in_quotes(key)));
    }
    names.emplace_back(value.get<std::string>());
  }
  return names;
}

/// None where they are not one for each norm: which of them was meant cannot be told.
const std::vector<Name>& names_of_norms(const HealthMetrics& metrics) {
  static const std::vector<Name> none;
  const bool has_one_each = metrics.gradient_names.size() == metrics.gradient_norms.size();
  return has_one_each ? metrics.gradient_names : none;
}

void require_few_elements(const std::vector<TensorRecord>& tensors) {
  std::int64_t elements = 0;
  for (const TensorRecord& tensor : tensors) {
    elements += tensor.stats.count;
    if (elements > kMostElements) {
      throw std::invalid_argument(
          fmt::format("its tensors have more than {} elements", kMostElements));
    }
  }
}

}  // namespace

bool is_one_magnitude(const TensorRecord& tensor) {
  return tensor.role == Role::kUpdateSquares && tensor.stats.count == 1;
}

HistoryLayout layout_of(const HealthMetrics& metrics) {
  HistoryLayout layout;
  layout.networks = metrics.networks;
  for (const TensorRecord& tensor : metrics.tensors) {
    TensorRecord& kept = layout.tensors.emplace_back(tensor);
    kept.exists = true;
    kept.units.reset();
    kept.inputs.reset();
    kept.stats = {};
    kept.stats.count = tensor.stats.count;
  }
  for (const LayerUnits& layer : metrics.units) {
    LayerUnits& kept = layout.units.emplace_back(layer);
    kept.batch = kept.dead_unit_count = kept.saturated_count = 0;
  }
  if (metrics.tensors.empty()) {
    layout.norm_count = metrics.gradient_norms.size();
    layout.norm_names = names_of_norms(metrics);
  }
  return layout;
}

bool fits_layout(const HistoryLayout& layout, const HealthMetrics& metrics) {
  if (layout.tensors.size() != metrics.tensors.size() ||
      layout.units.size() != metrics.units.size() || layout.networks != metrics.networks) {
    return false;
  }
  if (metrics.tensors.empty() && (layout.norm_count != metrics.gradient_norms.size() ||
                                  layout.norm_names != names_of_norms(metrics))) {
    return false;
  }
  const auto fits = [](const TensorRecord& known, const TensorRecord& tensor) {
    return is_same_kind(known, tensor) &&
           (!tensor.exists || known.stats.count == tensor.stats.count);
  };
  return std::ranges::equal(layout.tensors, metrics.tensors, fits) &&
         std::ranges::equal(layout.units, metrics.units, is_same_layer);
}

std::string layout_line(const HistoryLayout& layout, std::size_t number) {
  ordered_json line = {{"layout", number}};
  if (!layout.networks.empty()) line["networks"] = names_json(layout.networks);
  ordered_json tensors = ordered_json::array();
  for (const TensorRecord& tensor : layout.tensors) tensors.push_back(tensor_layout_json(tensor));
  line["tensors"] = std::move(tensors);
  if (!layout.units.empty()) {
    ordered_json layers = ordered_json::array();
    for (const LayerUnits& layer : layout.units) layers.push_back(units_layout_json(layer));
    line["units"] = std::move(layers);
  }
  if (layout.norm_count > 0) line["norm_count"] = layout.norm_count;
  if (!layout.norm_names.empty()) line["norm_names"] = names_json(layout.norm_names);
  return line.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

NumberedLayout parse_layout_line(std::string_view line) {
  const JsonText parsed = read_json(line);
  if (!parsed.complaint.empty()) throw std::invalid_argument(parsed.complaint);
  const LayoutObject object(parsed.value);
  NumberedLayout result;
  result.number = static_cast<std::size_t>(
      object.whole("layout", 0, 0, static_cast<std::int64_t>(kMostHistoryLayouts) - 1));
  HistoryLayout& layout = result.layout;
  layout.networks = read_names(parsed.value, "networks");
  for (const json& value : list_of(parsed.value, "tensors")) {
    layout.tensors.push_back(read_tensor(value, layout.networks));
  }
  require_few_elements(layout.tensors);
  for (const json& value : list_of(parsed.value, "units")) {
    layout.units.push_back(read_layer(value, layout.networks));
  }
  // A norm takes two characters of a row; a line of so many would be endless.
  constexpr std::int64_t kMostNorms = std::int64_t{1} << 32;
  layout.norm_count = static_cast<std::size_t>(object.whole("norm_count", 0, 0, kMostNorms));
  layout.norm_names = read_names(parsed.value, "norm_names");
  if (!layout.norm_names.empty() && layout.norm_names.size() != layout.norm_count) {
    throw std::invalid_argument("\"norm_names\" of the layout are not as many as its norms");
  }
  return result;
}

}  // namespace gradvitals
