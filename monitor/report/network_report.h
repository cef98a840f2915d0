// NetworkReport: one judged network, as every writer takes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/diagnosis.h"
#include "monitor/rules/notebook_interpreter.h"

namespace gradvitals {

/// Which judgement a text or figure shows. kNotebook leaves out everything the notebook does not compute.
enum class RuleSet : std::uint8_t { kFull, kNotebook };

/// Names may hold any bytes: the writers escape them.
struct NetworkReport {
  std::string name;        ///< "Sigmoid Network": in headings and conclusions.
  std::string short_name;  ///< "Sigmoid": where space is short; empty means `name`.
  std::string device;      ///< "cpu", "cuda" or "sim"
  HealthMetrics metrics;
  Diagnosis diagnosis;
  NotebookScore notebook;  ///< notebook_score() of the metrics; writers do not compute it.
  /// What is to be said about the input beside the verdict: "left out: step (I64)".
  std::vector<std::string> notes = {};
  std::string source = {};  ///< The file that it was read from, whose notes these are.

  std::string_view title() const { return short_name.empty() ? name : short_name; }
};

}  // namespace gradvitals
