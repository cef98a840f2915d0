#include "monitor/metrics/metrics_json.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/error.h"

namespace gradvitals {
namespace {

using nlohmann::json;

/// Reads the members of one object; every refusal names the file and the key.
class Reader {
 public:
  Reader(const json& object, const std::string& path) : object_(object), path_(path) {}

  double number(const char* key) const { return to_number(member(key), key); }

  /// A norm, or a mean or deviation of norms.
  double magnitude(const char* key) const { return to_magnitude(member(key), key); }

  std::int64_t count(const char* key) const {
    const json& value = member(key);
    // An unsigned value beyond int64 would wrap around.
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<std::uint64_t>() <=
                           static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (!fits || value.get<std::int64_t>() < 0) refuse(key, "is not a count (0, 1, 2, ...)");
    return value.get<std::int64_t>();
  }

  std::vector<double> magnitudes(const char* key) const {
    const json& value = member(key);
    if (!value.is_array()) refuse(key, "is not an array");
    std::vector<double> result;
    result.reserve(value.size());
    for (const json& element : value) {
      result.push_back(to_magnitude(element, fmt::format("{}[{}]", key, result.size())));
    }
    return result;
  }

  std::optional<double> optional_number(const char* key) const {
    if (!object_.contains(key)) return std::nullopt;
    return number(key);
  }

 private:
  [[noreturn]] void refuse(std::string_view key, std::string_view what) const {
    throw InputError(fmt::format("{}: \"{}\" {}", path_, key, what));
  }

  const json& member(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) refuse(key, "is missing");
    return *found;
  }

  double to_number(const json& value, std::string_view key) const {
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!value.is_number()) refuse(key, "is neither a number nor null");
    return value.get<double>();
  }

  double to_magnitude(const json& value, std::string_view key) const {
    const double number = to_number(value, key);
    if (number < 0.0) refuse(key, "is negative");
    return number;
  }

  const json& object_;
  const std::string& path_;
};

/// nlohmann's own messages quote the input, at any length.
std::string parse_complaint(std::string_view text, std::size_t byte) {
  if (byte == 0 || byte > text.size()) return "ends before its JSON does";
  // The byte that was read last, from 1: N of "NaN", but a of "nan", which could have been null.
  const std::string_view rest = text.substr(byte - 1);
  const bool is_constant =
      rest.starts_with("NaN") || rest.starts_with("Inf") || rest.starts_with("an");
  return fmt::format("no JSON at byte {}{}", byte,
                     is_constant ? ": NaN and Infinity are no JSON numbers, write null" : "");
}

/// The seed's keys need two levels; a file of brackets alone would take gigabytes.
constexpr int kMaxDepth = 16;

json parse_object(std::string_view text, const std::string& path) {
  const auto check_depth = [&path](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) {
      throw InputError(fmt::format("{}: nested deeper than {} levels", path, kMaxDepth));
    }
    return true;
  };
  json object;
  try {
    object = json::parse(text, check_depth);
  } catch (const json::parse_error& error) {
    throw InputError(fmt::format("{}: {}", path, parse_complaint(text, error.byte)));
  } catch (const json::out_of_range&) {
    throw InputError(path + ": holds a number beyond the range of float64");
  }
  if (!object.is_object()) throw InputError(path + ": not a JSON object");
  return object;
}

}  // namespace

HealthMetrics parse_metrics(std::string_view text, const std::string& path) {
  const json object = parse_object(text, path);
  const Reader reader(object, path);
  HealthMetrics metrics;
  metrics.min_gradient = reader.magnitude("min_gradient");
  metrics.max_gradient = reader.magnitude("max_gradient");
  metrics.mean_gradient = reader.magnitude("mean_gradient");
  metrics.std_gradient = reader.magnitude("std_gradient");
  metrics.vanished_layers = reader.count("vanished_layers");
  metrics.weak_layers = reader.count("weak_layers");
  metrics.total_layers = reader.count("total_layers");
  metrics.gradient_norms = reader.magnitudes("gradient_norms");
  metrics.loss = reader.optional_number("loss");
  return metrics;
}

}  // namespace gradvitals
