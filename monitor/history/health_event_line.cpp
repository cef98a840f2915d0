#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "monitor/history/event_line.h"

namespace gradvitals {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? ordered_json(*value) : ordered_json();
}

ordered_json word_or_null(std::string_view text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

}  // namespace

std::string event_line(const HealthEvent& event) {
  const Episode& episode = event.episode;
  const Finding& finding = episode.finding;
  // As a report and incident.json have it: one reader fits all.
  ordered_json line = {
      {"event", name(event.kind)},
      {"step", event.step},
      {"rule", rule_number(finding.rule)},
      {"id", rule_word(finding.rule)},
      {"severity", name(finding.severity)},
      {"tensor", word_or_null(finding.tensor)},
      {"layer", finding.layer < 0 ? ordered_json() : ordered_json(finding.layer)},
      {"value", number_or_null(finding.value)},
      {"threshold", number_or_null(finding.threshold)},
      {"text", finding.text},
      {"advice", finding.advice},
      {"consequence_of",
       word_or_null(finding.consequence_of ? rule_number(*finding.consequence_of) : "")}};
  if (!finding.network.empty()) line["network"] = finding.network;
  line["verdict"] = name(finding.verdict);
  line["first_step"] = episode.first_step;
  line["last_step"] = episode.last_step;
  line["peak_step"] = episode.peak_step;
  line["count"] = episode.count;
  line["is_open"] = episode.is_open;
  return line.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace gradvitals
