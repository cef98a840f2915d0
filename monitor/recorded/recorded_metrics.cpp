#include "monitor/recorded/recorded_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/metrics/norm_names.h"
#include "monitor/metrics/python_json.h"
#include "monitor/recorded/recorded_object.h"

namespace gradvitals {
namespace {

using nlohmann::json;

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

/// Takes the first line off `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// One network of gradvitals' own JSON as a step.
void add_own_network(const json& network, const RecordPlace& place, TrainingLog& log) {
  if (!network.is_object()) place.refuse("a network is not an object");
  LoggedRecord record;
  record.metrics = read_own_network(network, place);
  const json step = network.value("step", json());
  // An unsigned value beyond int64 would wrap around.
  constexpr auto kMaxStep = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (step.is_number_unsigned() && step.get<std::uint64_t>() > kMaxStep) {
    place.refuse("\"step\" leaves the range of int64");
  }
  if (step.is_number_integer()) record.step = record.metrics->step = step.get<std::int64_t>();
  log.add(std::move(record));
}

void add_comparison(const json& networks, const std::string& path, TrainingLog& log) {
  RecordPlace place{.path = path, .unit = "network"};
  if (!networks.is_array()) place.refuse("\"networks\" is not an array");
  log.are_no_steps();
  for (const json& network : networks) {
    ++place.number;
    add_own_network(network, place, log);
  }
}

/// Hugging Face's trainer logs more than norms, under names of every kind: what says "gradient" is
/// read alone.
void add_log_history(const json& history, const std::string& path, TrainingLog& log) {
  RecordPlace place{.path = path, .unit = "entry"};
  bool has_norms = false;
  for (const json& entry : history) {
    ++place.number;
    if (!entry.is_object()) place.refuse("is not an object");
    json kept = json::object();
    for (const auto& [key, value] : entry.items()) {
      const bool is_norm = says_gradient(key) && value.is_primitive();
      has_norms = has_norms || is_norm;
      if (is_norm || step_rank(key) || is_loss_name(key)) kept[key] = value;
    }
    add_record(kept, place, log);
  }
  if (!has_norms) {
    refuse_input(path, "\"log_history\" has no \"grad_norm\": transformers logs it since 4.38");
  }
}

/// Whether the object holds columns, one of them for steps or losses: {"step": [0, 1], ...}.
bool holds_columns(const json& object) {
  for (const auto& [key, column] : object.items()) {
    if (column.is_array() && (step_rank(key) || is_loss_name(key))) return true;
  }
  return false;
}

void add_columns(const json& object, const std::string& path, TrainingLog& log) {
  RecordPlace place{.path = path, .unit = "entry"};
  std::optional<std::size_t> rows;
  for (const auto& [key, column] : object.items()) {
    if (!column.is_array()) continue;
    if (rows && column.size() != *rows) {
      refuse_input(path, fmt::format("{} has {} entries, and others have {}", in_quotes(key),
                                     column.size(), *rows));
    }
    rows = column.size();
  }
  for (std::size_t row = 0; row < rows.value_or(0); ++row) {
    json record = json::object();
    for (const auto& [key, column] : object.items()) {
      if (column.is_array() && !is_passed_over(key, path)) record[key] = column[row];
    }
    ++place.number;
    add_record(record, place, log);
  }
}

/// An object of any kind, a whole file or one line of it.
void add_object(const json& object, const RecordPlace& place, TrainingLog& log) {
  const json schema = object.value("schema", json());
  const bool is_own =
      schema.is_string() && schema.get_ref<const std::string&>().starts_with("gradvitals.");
  const auto history = object.find("log_history");
  if (is_own && object.contains("networks")) {
    add_comparison(object.at("networks"), place.path, log);
  } else if (is_own) {
    add_own_network(object, place, log);
  } else if (history != object.end() && history->is_array()) {
    add_log_history(*history, place.path, log);
  } else if (holds_columns(object)) {
    add_columns(object, place.path, log);
  } else {
    add_record(object, place, log);
  }
}

RecordedMetrics read_array(const json& array, const std::string& path) {
  TrainingLog log(path, "entry");
  RecordPlace place{.path = path, .unit = "entry"};
  if (array.empty()) refuse_input(path, "is an empty array");
  if (std::ranges::all_of(array, [](const json& element) {
        return element.is_null() || to_number(element).has_value();
      })) {
    add_record({{"gradient_norms", array}}, place, log);
    return log.to_metrics();
  }
  for (const json& element : array) {
    ++place.number;
    if (!element.is_object()) place.refuse("is not an object");
    add_object(element, place, log);
  }
  return log.to_metrics();
}

RecordedMetrics read_document(const json& value, const std::string& path) {
  if (value.is_array()) return read_array(value, path);
  if (!value.is_object()) refuse_input(path, "is neither a JSON object nor an array");
  TrainingLog log(path, "entry");
  add_object(value, {.path = path, .unit = "entry"}, log);
  return log.to_metrics();
}

/// JSON lines. The last line of a file that is still being written may be cut short.
RecordedMetrics read_lines(std::string_view text, const std::string& path) {
  TrainingLog log(path, "line");
  RecordPlace place{.path = path, .unit = "line"};
  std::int64_t skipped = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    ++place.number;
    if (is_blank(line)) continue;
    const JsonText parsed = read_json(line);
    const bool is_last = is_blank(text);
    if (parsed.is_cut_short && is_last) {
      ++skipped;
      break;
    }
    if (!parsed.complaint.empty()) place.refuse(parsed.complaint);
    if (!parsed.value.is_object()) place.refuse("is not an object");
    add_object(parsed.value, place, log);
  }
  RecordedMetrics metrics = log.to_metrics();
  metrics.skipped_lines = skipped;
  return metrics;
}

/// Whether the text is JSON line by line: its first line is whole, and others follow.
bool are_lines(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view first = take_line(text);
  return !is_blank(text) && read_json(first).complaint.empty();
}

}  // namespace

RecordedMetrics parse_recorded_metrics(std::string_view text, const std::string& path) {
  text = without_byte_order_mark(text);
  const JsonText whole = read_json(text);
  if (whole.complaint.empty()) return read_document(whole.value, path);
  if (are_lines(text)) return read_lines(text, path);
  refuse_input(path, whole.complaint);
}

}  // namespace gradvitals
