// Objects with the notebook's keys, gradvitals' own among them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/runtime/input_message.h"
#include "monitor/metrics/python_json.h"
#include "monitor/recorded/recorded_object.h"

namespace gradvitals {
namespace {

using nlohmann::json;

/// What the notebook derives from the norms.
constexpr std::array<const char*, 7> kAggregates{"min_gradient", "max_gradient",    "mean_gradient",
                                                 "std_gradient", "vanished_layers", "weak_layers",
                                                 "total_layers"};

/// Reads the members of one object; every refusal names the place and the key.
class Reader {
 public:
  Reader(const json& object, const RecordPlace& place) : object_(object), place_(place) {}

  /// A norm, or a mean or deviation of norms, where the object has it.
  void read_magnitude(const char* key, double& value) const {
    const auto found = object_.find(key);
    if (found != object_.end()) value = to_magnitude(*found, key);
  }
  void read_count(const char* key, std::int64_t& value) const;
  std::vector<double> magnitudes(const char* key) const;
  std::optional<double> optional_number(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) return std::nullopt;
    return to_double(*found, key);
  }

 private:
  [[noreturn]] void refuse(std::string_view key, std::string_view what) const {
    place_.refuse(fmt::format("\"{}\" {}", key, what));
  }
  double to_double(const json& value, std::string_view key) const {
    // Here null is how a NaN is written: what gradvitals wrote, and the notebook in JSON.
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    const std::optional<double> number = to_number(value);
    if (!number) refuse(key, "is neither a number nor null");
    return *number;
  }
  double to_magnitude(const json& value, std::string_view key) const {
    const double number = to_double(value, key);
    if (number < 0.0) refuse(key, "is negative");
    return number;
  }

  const json& object_;
  const RecordPlace& place_;
};

void Reader::read_count(const char* key, std::int64_t& count) const {
  const auto found = object_.find(key);
  if (found == object_.end()) return;
  const json& value = *found;
  // An unsigned value beyond int64 would wrap around.
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<std::uint64_t>() <=
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits || value.get<std::int64_t>() < 0) refuse(key, "is not a count (0, 1, 2, ...)");
  count = value.get<std::int64_t>();
}

std::vector<double> Reader::magnitudes(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) refuse(key, "is missing");
  if (!found->is_array()) refuse(key, "is not an array");
  std::vector<double> result;
  result.reserve(found->size());
  for (const json& element : *found) {
    result.push_back(to_magnitude(element, fmt::format("{}[{}]", key, result.size())));
  }
  return result;
}

/// Whether a tensor of gradvitals' JSON is a gradient with a norm. The norm is null where it is not
/// finite and where there is no gradient; only the former has elements that say so.
bool has_norm(const json& tensor) {
  if (!tensor.is_object() || tensor.value("role", json()) != "gradient") return false;
  const auto is_positive = [&](const char* key) {
    const json count = tensor.value(key, json());
    return count.is_number() && count.get<double>() > 0;
  };
  const bool is_null = tensor.value("l2_norm", json()).is_null();
  return !is_null || is_positive("nan_count") || is_positive("inf_count");
}

}  // namespace

bool has_notebook_keys(const json& object) {
  const auto norms = object.find("gradient_norms");
  return (norms != object.end() && norms->is_array()) ||
         std::ranges::any_of(kAggregates, [&](const char* key) { return object.contains(key); });
}

HealthMetrics read_notebook_object(const json& object, const RecordPlace& place) {
  const Reader reader(object, place);
  HealthMetrics metrics = metrics_from_norms(reader.magnitudes("gradient_norms"));
  reader.read_magnitude("min_gradient", metrics.min_gradient);
  reader.read_magnitude("max_gradient", metrics.max_gradient);
  reader.read_magnitude("mean_gradient", metrics.mean_gradient);
  reader.read_magnitude("std_gradient", metrics.std_gradient);
  reader.read_count("vanished_layers", metrics.vanished_layers);
  reader.read_count("weak_layers", metrics.weak_layers);
  reader.read_count("total_layers", metrics.total_layers);
  metrics.loss = reader.optional_number("loss");
  return metrics;
}

HealthMetrics read_own_network(const json& network, const RecordPlace& place) {
  const auto recorded = network.find("metrics");
  if (recorded == network.end() || !recorded->is_object()) {
    place.refuse("\"metrics\" is not an object");
  }
  HealthMetrics metrics = read_notebook_object(*recorded, place);
  const auto loss = network.find("loss");
  // null stands for no loss as well as for NaN; a finite one is neither.
  if (loss != network.end() && loss->is_number()) metrics.loss = to_number(*loss);
  const auto tensors = network.find("tensors");
  if (tensors == network.end() || !tensors->is_array()) return metrics;
  std::vector<Name> names;
  for (const json& tensor : *tensors) {
    const bool is_named = has_norm(tensor) && tensor.value("name", json()).is_string();
    if (is_named) names.emplace_back(tensor["name"].get<std::string>());
  }
  if (names.size() == metrics.gradient_norms.size()) metrics.gradient_names = std::move(names);
  return metrics;
}

}  // namespace gradvitals
