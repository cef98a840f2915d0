#include "monitor/history/event_line.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kResumptionStart = R"({"event":"resumed","step":)";

std::string as_line(const ordered_json& object) {
  return object.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

ordered_json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? ordered_json(*value) : ordered_json();
}

}  // namespace

std::string event_line(const HealthEvent& event) {
  const Episode& episode = event.episode;
  const Finding& finding = episode.finding;
  ordered_json line = {{"event", name(event.kind)},
                       {"step", event.step},
                       {"rule", rule_number(finding.rule)},
                       {"id", rule_word(finding.rule)},
                       {"verdict", name(finding.verdict)},
                       {"severity", name(finding.severity)},
                       {"tensor", finding.tensor},
                       {"network", finding.network},
                       {"layer", finding.layer},
                       {"value", number_or_null(finding.value)},
                       {"threshold", number_or_null(finding.threshold)},
                       {"text", finding.text},
                       {"advice", finding.advice},
                       {"first_step", episode.first_step},
                       {"last_step", episode.last_step},
                       {"peak_step", episode.peak_step},
                       {"count", episode.count}};
  if (finding.consequence_of) line["consequence_of"] = rule_number(*finding.consequence_of);
  return as_line(line);
}

std::string foreign_event_line(std::string_view json) {
  const ordered_json object =
      ordered_json::parse(json, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/false);
  if (!object.is_object() || !object.contains("event") || !object.at("event").is_string()) {
    throw std::invalid_argument(
        "HistoryWriter: an event is a JSON object with a text \"event\", as {\"event\": "
        "\"treatment\", \"step\": 7}");
  }
  return as_line(object);
}

std::string resumption_line(std::int64_t step) {
  return fmt::format("{}{}}}\n", kResumptionStart, step);
}

std::optional<std::int64_t> step_of_resumption(std::string_view line) {
  if (!line.starts_with(kResumptionStart) || !line.ends_with('}')) return std::nullopt;
  line.remove_prefix(kResumptionStart.size());
  line.remove_suffix(1);
  std::int64_t step = 0;
  const char* const end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, step);
  if (error != std::errc() || stop != end || step < 0) return std::nullopt;
  return step;
}

HistoryEvent parse_event_line(std::string_view line) {
  const JsonText parsed = read_json(line);
  if (!parsed.complaint.empty()) throw std::invalid_argument(parsed.complaint);
  const json& object = parsed.value;
  const auto kind = object.find("event");
  if (kind == object.end() || !kind->is_string()) {
    throw std::invalid_argument("an object that is neither a layout nor an event");
  }
  HistoryEvent event{.kind = kind->get<std::string>(), .step = {}, .json = std::string(line)};
  const auto step = object.find("step");
  if (step != object.end() && step->is_number_integer() &&
      (!step->is_number_unsigned() || step->get<std::uint64_t>() >> 63 == 0)) {
    event.step = step->get<std::int64_t>();
  }
  return event;
}

}  // namespace gradvitals
