#include "monitor/report/treatment.h"

#include <fmt/format.h>

#include "monitor/metrics/phrases.h"
#include "monitor/report/finding_json.h"
#include "monitor/report/style.h"

namespace gradvitals {

std::string treatment_text(const TreatmentEvent& event) {
  return fmt::format("{}: step {}: {}", marker(Severity::kInfo), event.step, event.text);
}

std::string treatment_json(const TreatmentEvent& event) {
  const Json json = {{"event", "treatment"},
                     {"step", event.step},
                     {"kind", name(event.kind)},
                     {"before", json_number(event.before)},
                     {"after", json_number(event.after)},
                     {"text", event.text}};
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string treatment_summary(const TreatmentCounts& counts) {
  const std::int64_t cuts = counts.learning_rate_cuts;
  return fmt::format("{} clipped, {} skipped, the learning rate cut {}",
                     steps_text(counts.clipped_steps), steps_text(counts.skipped_steps),
                     cuts == 1 ? "once" : fmt::format("{} times", cuts));
}

}  // namespace gradvitals
