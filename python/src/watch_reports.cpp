// What a Watch says of the steps that were committed.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/src/status.h"
#include "python/src/watch.h"
#include "python/src/watch_use.h"

namespace gradvitals::python {

void Watch::poll(bool waits) {
  const Use use(*this);
  call(is_on_gpu_, [&] { return gradvitals_monitor_poll(monitor_, waits ? 1 : 0); });
}

bool Watch::has_news() {
  const char* text = nullptr;
  if (events_.empty()) {
    check(gradvitals_monitor_next_event(monitor_, &text));
    if (text != nullptr) events_.emplace_back(text);
  }
  if (!complaint_) {
    check(gradvitals_monitor_complaint(monitor_, &text));
    if (text != nullptr) complaint_ = text;
  }
  return !events_.empty() || complaint_;
}

std::vector<std::string> Watch::events() {
  const Use use(*this);
  std::vector<std::string> events = std::exchange(events_, {});
  for (const char* json = nullptr;;) {
    check(gradvitals_monitor_next_event(monitor_, &json));
    if (json == nullptr) return events;
    events.emplace_back(json);
  }
}

std::int64_t Watch::steps() {
  const Use use(*this);
  std::int64_t steps = 0;
  check(gradvitals_monitor_steps(monitor_, &steps));
  return steps;
}

std::optional<std::string> Watch::complaint() {
  const Use use(*this);
  if (complaint_) return std::exchange(complaint_, std::nullopt);
  const char* text = nullptr;
  check(gradvitals_monitor_complaint(monitor_, &text));
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

std::string Watch::diagnosis(std::int32_t format, const gradvitals_style& style) {
  const Use use(*this);
  const char* text = nullptr;
  call(true, [&] { return gradvitals_monitor_diagnosis(monitor_, format, &style, &text); });
  return text;
}

std::string Watch::run(std::int32_t format, const gradvitals_style& style) {
  const Use use(*this);
  const char* text = nullptr;
  call(true, [&] { return gradvitals_monitor_run(monitor_, format, &style, &text); });
  return text;
}

std::pair<std::string, std::int32_t> Watch::verdict() {
  const Use use(*this);
  gradvitals_verdict verdict{};
  verdict.size = sizeof verdict;
  call(is_on_gpu_, [&] { return gradvitals_monitor_verdict(monitor_, &verdict); });
  return {verdict.verdict, verdict.severity};
}

}  // namespace gradvitals::python
