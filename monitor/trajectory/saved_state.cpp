#include "monitor/trajectory/saved_state.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;

std::optional<std::int64_t> as_whole_number(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() >> 63 != 0) return std::nullopt;
  return value.get<std::int64_t>();
}

}  // namespace

StateJson saved_number(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0.0 ? "Infinity" : "-Infinity";
}

StateJson saved_number(const std::optional<double>& value) {
  return value ? saved_number(*value) : StateJson();
}

SavedObject::SavedObject(const json& value, std::string path)
    : value_(&value), path_(std::move(path)) {
  if (value.is_object()) return;
  throw std::invalid_argument(fmt::format("tracker state: {}is no object", path_to("")));
}

std::string SavedObject::path_to(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void SavedObject::refuse(std::string_view key, std::string_view why) const {
  throw std::invalid_argument(fmt::format("tracker state: {} {}", path_to(key), why));
}

const json& SavedObject::at(std::string_view key) const {
  const auto found = value_->find(key);
  if (found == value_->end()) refuse(key, "is missing");
  return *found;
}

const json& SavedObject::list(std::string_view key, std::size_t most) const {
  const json& value = at(key);
  if (!value.is_array()) refuse(key, "is no list");
  if (value.size() > most) {
    refuse(key, fmt::format("has {} entries, more than {}", value.size(), most));
  }
  return value;
}

SavedObject SavedObject::object(std::string_view key) const {
  return {at(key), path_to(key)};
}

std::vector<SavedObject> SavedObject::objects(std::string_view key, std::size_t most) const {
  std::vector<SavedObject> objects;
  for (const json& value : list(key, most)) {
    objects.emplace_back(value, fmt::format("{}[{}]", path_to(key), objects.size()));
  }
  return objects;
}

bool SavedObject::is_none(std::string_view key) const {
  return at(key).is_null();
}

bool SavedObject::flag(std::string_view key) const {
  const json& value = at(key);
  if (!value.is_boolean()) refuse(key, "is neither true nor false");
  return value.get<bool>();
}

std::string SavedObject::text(std::string_view key) const {
  const json& value = at(key);
  if (!value.is_string()) refuse(key, "is no text");
  return value.get<std::string>();
}

std::vector<std::string> SavedObject::texts(std::string_view key) const {
  std::vector<std::string> texts;
  for (const json& value : list(key)) {
    if (!value.is_string()) refuse(key, "is no list of texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

std::int64_t SavedObject::whole_number(std::string_view key, std::int64_t least) const {
  const std::optional<std::int64_t> value = as_whole_number(at(key));
  if (!value) refuse(key, "is no whole number");
  if (*value < least) refuse(key, fmt::format("is {}, below {}", *value, least));
  return *value;
}

std::optional<std::int64_t> SavedObject::optional_whole_number(std::string_view key) const {
  if (is_none(key)) return std::nullopt;
  return whole_number(key);
}

std::vector<std::int64_t> SavedObject::whole_numbers(std::string_view key) const {
  std::vector<std::int64_t> numbers;
  for (const json& value : list(key)) {
    const std::optional<std::int64_t> number = as_whole_number(value);
    if (!number) refuse(key, "is no list of whole numbers");
    numbers.push_back(*number);
  }
  return numbers;
}

double SavedObject::finite_number(std::string_view key) const {
  const json& value = at(key);
  if (!value.is_number()) refuse(key, "is no number");
  return value.get<double>();
}

std::vector<double> SavedObject::finite_numbers(std::string_view key, std::size_t most) const {
  std::vector<double> numbers;
  for (const json& value : list(key, most)) {
    if (!value.is_number()) refuse(key, "is no list of numbers");
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

std::optional<double> SavedObject::optional_number(std::string_view key) const {
  const json& value = at(key);
  if (value.is_null()) return std::nullopt;
  const std::optional<double> number = to_number(value);
  if (!number) refuse(key, "is no number");
  return number;
}

std::vector<std::optional<double>> SavedObject::optional_numbers(std::string_view key) const {
  std::vector<std::optional<double>> numbers;
  for (const json& value : list(key)) {
    numbers.push_back(to_number(value));
    if (!numbers.back() && !value.is_null()) refuse(key, "is no list of numbers");
  }
  return numbers;
}

}  // namespace gradvitals
