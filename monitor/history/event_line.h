// Events of a history as lines of JSON.
#pragma once

#include <string>
#include <string_view>

#include "monitor/history/history_reader.h"
#include "monitor/trajectory/health_event.h"

namespace gradvitals {

/// {"event":"began","step":12,"rule":"R14",...} and a line break.
std::string event_line(const HealthEvent& event);

/// The JSON of any event on a line of its own. Throws std::invalid_argument where it is no object with
/// a text "event".
std::string foreign_event_line(std::string_view json);

/// {"event":"resumed","step":80} and a line break.
std::string resumption_line(std::int64_t step);
/// The step of such a line; empty for any other.
std::optional<std::int64_t> step_of_resumption(std::string_view line);

/// Throws std::invalid_argument saying why the line is no event.
HistoryEvent parse_event_line(std::string_view line);

}  // namespace gradvitals
