#include "monitor/history/event_line.h"

#include <fmt/format.h>

#include <charconv>
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

}  // namespace

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
