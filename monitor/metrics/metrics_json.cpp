#include "monitor/metrics/metrics_json.h"

#include "kernels/input_message.h"
#include "monitor/metrics/recorded_metrics.h"

namespace gradvitals {

HealthMetrics parse_metrics(std::string_view text, const std::string& path) {
  const RecordedMetrics recorded = parse_recorded_metrics(text, path);
  if (recorded.steps.size() > 1) refuse_input(path, "holds more than one step");
  return recorded.steps.front().metrics;
}

}  // namespace gradvitals
