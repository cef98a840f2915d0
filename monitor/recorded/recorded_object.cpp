#include "monitor/recorded/recorded_object.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/metrics/norm_names.h"
#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;

/// A whole number, written with a point or not; empty for any other.
std::optional<std::int64_t> whole_number(double value) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (std::trunc(value) != value || std::abs(value) > kLargestExact) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

/// Whether a nested object or array holds norms by its own name: "grad_norms", "norms".
bool holds_norms(const std::string& key) {
  return says_gradient(key) || key == "norms" || key == "norm" || key == "layer_norms";
}

bool holds_no_value(const json& value) {
  return value.is_null() || (value.is_string() && is_no_value(value.get_ref<const std::string&>()));
}

/// The step that the object is of: by the best of its names for one.
std::optional<std::int64_t> step_of(const json& object, const RecordPlace& place) {
  std::optional<std::int64_t> step;
  int best_rank = 0;
  for (const auto& [key, value] : object.items()) {
    const std::optional<int> rank = step_rank(key);
    const std::optional<double> number = rank ? to_number(value) : std::nullopt;
    if (rank == 0 && value.is_string() && !number && !holds_no_value(value)) {
      place.refuse(fmt::format("{} is not a whole number", in_quotes(key)));
    }
    if (!number || std::isnan(*number)) continue;
    const std::optional<std::int64_t> whole = whole_number(*number);
    if (!whole && *rank == 0) {
      place.refuse(fmt::format("{} is not a whole number", in_quotes(key)));
    }
    if (!whole || (step && *rank >= best_rank)) continue;
    step = whole;
    best_rank = *rank;
  }
  return step;
}

/// Turns one object into a record.
class RecordReader {
 public:
  RecordReader(const RecordPlace& place, TrainingLog& log) : place_(place), log_(log) {}

  LoggedRecord read(const json& object);

 private:
  void read_number(const std::string& name, double value);
  void read_text(const std::string& name, const std::string& text);
  void read_member(const std::string& name, const json& value);
  void read_norms(const json& value, const std::string& name);
  [[noreturn]] void refuse_as_no_number(const std::string& name, const json& value) const {
    const std::string what =
        value.is_string() ? fmt::format("is {}, ", in_quotes(value.get_ref<const std::string&>()))
                          : std::string("is ");
    const bool is_quoted = value.is_string() && json::accept(value.get_ref<const std::string&>());
    place_.refuse(fmt::format("{} {}not a number{}", in_quotes(name), what,
                              is_quoted ? ": write it without quotes" : ""));
  }

  const RecordPlace& place_;
  TrainingLog& log_;
  LoggedRecord record_;
};

void RecordReader::read_number(const std::string& name, double value) {
  if (is_evaluation_name(name) && !std::isnan(value)) record_.is_evaluation = true;
  if (step_rank(name)) return;
  if (!is_loss_name(name)) {
    record_.values.push_back({.name = log_.index_of(name), .value = value});
  } else if (!record_.loss) {
    record_.loss = value;
  }
}

void RecordReader::read_text(const std::string& name, const std::string& text) {
  if (step_rank(name) || is_loss_name(name) || is_evaluation_name(name)) return;
  if (is_no_value(text)) {
    record_.empty.push_back(log_.index_of(name));
  } else {
    log_.add_text(name, place_.number, text);
  }
}

/// What stands below a name that says that it holds norms: names begin anew there.
void RecordReader::read_norms(const json& value, const std::string& name) {
  if (const std::optional<double> number = to_number(value)) {
    record_.values.push_back({.name = log_.index_of(name, true), .value = *number});
  } else if (holds_no_value(value)) {
    record_.empty.push_back(log_.index_of(name, true));
  } else if (value.is_array()) {
    std::size_t index = 0;
    for (const json& element : value) {
      const std::string element_name = fmt::format("{}[{}]", name, index++);
      if (element.is_structured()) refuse_as_no_number(element_name, element);
      read_norms(element, element_name);
    }
  } else if (value.is_object()) {
    // Before it is copied for each member.
    if (name.size() > kMaxNormNameBytes) refuse_long_norm(name, place_.path);
    for (const auto& [key, member] : value.items()) read_norms(member, name + "/" + key);
  } else {
    refuse_as_no_number(name, value);
  }
}

void RecordReader::read_member(const std::string& name, const json& value) {
  if (const std::optional<double> number = to_number(value)) {
    read_number(name, *number);
  } else if (value.is_string()) {
    read_text(name, value.get_ref<const std::string&>());
  } else if (value.is_null() && !step_rank(name) && !is_loss_name(name)) {
    record_.empty.push_back(log_.index_of(name));
  } else if (value.is_object() && !value.contains("_type")) {  // A tracker's histogram, image, ...
    if (is_passed_over(name, place_.path)) return;
    const bool are_norms = holds_norms(name);
    for (const auto& [key, member] : value.items()) {
      if (are_norms) {
        read_norms(member, key);
      } else {
        read_member(name + "/" + key, member);
      }
    }
  } else if (value.is_array() && holds_norms(name)) {
    read_norms(value, name);
  }
}

LoggedRecord RecordReader::read(const json& object) {
  record_.number = place_.number;
  record_.step = step_of(object, place_);
  for (const auto& [key, value] : object.items()) read_member(key, value);
  return std::move(record_);
}

}  // namespace

void RecordPlace::refuse(const std::string& what) const {
  refuse_input(path, number > 0 ? fmt::format("{} {}: {}", unit, number, what) : what);
}

void add_record(const json& object, const RecordPlace& place, TrainingLog& log) {
  if (!has_notebook_keys(object)) return log.add(RecordReader(place, log).read(object));
  LoggedRecord record;
  record.metrics = read_notebook_object(object, place);
  record.step = record.metrics->step = step_of(object, place);
  log.add(std::move(record));
}

}  // namespace gradvitals
