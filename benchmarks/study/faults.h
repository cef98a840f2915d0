// Faults: networks with something put wrong on purpose, and the verdicts that name it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/study/trial.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::study {

/// The network that a fault is put into.
struct Subject {
  const Task& task;
  Activation activation = Activation::kRelu;
  std::int64_t width = 64;
  int depth = 4;  ///< hidden layers
  std::uint64_t seed = 0;
};

struct Fault {
  std::string_view name;
  /// What a careful practitioner would accept. Fixed before the first score; kHealthy alone where
  /// nothing is wrong with the signal.
  std::vector<Verdict> accepted;
  /// Activations of the networks that it is put into.
  std::vector<Activation> activations;
  HealthMetrics (*examine)(Stream& stream, const Subject& subject);
};

const std::vector<Fault>& all_faults();

/// Whether the diagnosis names the fault: one of its verdicts, and a warning unless that is
/// healthy.
bool is_named(const Fault& fault, const Diagnosis& diagnosis);

struct FaultResult {
  std::string_view fault;
  int subjects = 0;
  int named = 0;
  std::vector<std::string> others;  ///< Verdicts given instead, each once.
};

/// Every fault in subjects of two tasks, two widths, two depths and three seeds.
std::vector<FaultResult> score_faults(const std::vector<Task>& tasks, int workers);

}  // namespace gradvitals::study
