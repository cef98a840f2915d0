#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "monitor/history/event_line.h"

namespace gradvitals {
namespace {

using nlohmann::ordered_json;

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
  return line.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace gradvitals
