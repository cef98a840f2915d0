// What must hold of recorded metrics, whichever format they were read from.
#pragma once

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "monitor/recorded/recorded_metrics.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {

/// `numbers` are those that the text holds, by an oracle that may take more for numbers than the
/// reader: a finite norm is one of them.
inline void check_recorded(const RecordedMetrics& recorded, std::string_view text,
                           const std::unordered_set<double>& numbers) {
  require(!recorded.steps.empty(), "no step");
  require(recorded.records_without_norms >= 0, "a negative count of records");
  require(recorded.skipped_lines == 0 || recorded.skipped_lines == 1, "more than the last line");
  std::size_t norms = 0, name_bytes = 0;
  for (const RecordedStep& step : recorded.steps) {
    const HealthMetrics& metrics = step.metrics;
    require(step.step == metrics.step, "two steps");
    require(std::isnan(metrics.min_gradient) || metrics.min_gradient >= 0, "a negative minimum");
    require(metrics.vanished_layers >= 0 && metrics.weak_layers >= 0 && metrics.total_layers >= 0,
            "a negative count");
    for (const double norm : metrics.gradient_norms) {
      require(std::isnan(norm) || norm >= 0, "a negative norm");
      require(!std::isfinite(norm) || numbers.contains(norm), "a norm out of nowhere");
    }
    require(metrics.gradient_names.empty() ||
                metrics.gradient_names.size() == metrics.gradient_norms.size(),
            "names that fit no norms");
    norms += metrics.gradient_norms.size();
    for (const Name& name : metrics.gradient_names) name_bytes += name.text().size();
  }
  require(norms <= text.size(), "more norms than bytes");
  // What the checks of a run read, step by step: their time grows with it.
  require(name_bytes <= text.size() + kMaxNormNameBytes * norms, "endless names");
}

}  // namespace gradvitals::test
