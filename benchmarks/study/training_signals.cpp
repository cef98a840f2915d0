#include "benchmarks/study/training_signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "benchmarks/study/training_report.h"

namespace gradvitals::study {
namespace {

std::string number_or_dash(const std::optional<double>& value) {
  return value ? fmt::format("{:.3g}", *value) : "-";
}

std::string event_text(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  return fmt::format("       {} {}: {}, {}{}: {}\n", gradvitals::name(event.kind),
                     rule_number(finding.rule), gradvitals::name(finding.severity),
                     gradvitals::name(finding.verdict),
                     finding.consequence_of
                         ? fmt::format(", explained by {}", rule_number(*finding.consequence_of))
                         : std::string(),
                     finding.text);
}

}  // namespace

StepSignals signals_of(const HealthMetrics& metrics) {
  StepSignals signals{.loss = metrics.loss, .global_norm = gradvitals::global_norm(metrics)};
  std::map<std::string_view, double> norms;
  for (const TensorRecord& record : metrics.tensors) {
    if (record.role != Role::kWeight || record.rank != 2) continue;
    norms[record.name] = record.stats.l2_norm();
    signals.weight_rms.push_back(record.stats.rms());
  }
  for (const TensorRecord& record : metrics.tensors) {
    const auto norm = norms.find(record.name);
    if (record.role != Role::kUpdateSquares || norm == norms.end()) continue;
    const double ratio = std::sqrt(record.stats.sum) / norm->second;
    signals.smallest_update_ratio = std::min(signals.smallest_update_ratio.value_or(ratio), ratio);
    signals.largest_update_ratio = std::max(signals.largest_update_ratio.value_or(ratio), ratio);
  }
  return signals;
}

std::string trace_text(const HealthMetrics& metrics, const StepContext& context,
                       std::span<const HealthEvent> events) {
  const StepSignals signals = signals_of(metrics);
  std::string text = fmt::format(
      "{:4} {} loss {}, norm {:.3g}, updates {} to {} of the weights\n", metrics.step.value_or(-1),
      context.is_checkup ? "c" : " ", number_or_dash(signals.loss), signals.global_norm,
      number_or_dash(signals.smallest_update_ratio), number_or_dash(signals.largest_update_ratio));
  for (const HealthEvent& event : events) text += event_text(event);
  return text;
}

StepObserver SignalRecorder::observer() {
  return [this](const HealthMetrics& metrics, const StepContext&, std::span<const HealthEvent>) {
    steps_.push_back(signals_of(metrics));
  };
}

nlohmann::json SignalRecorder::row(const WatchedRun& run) const {
  nlohmann::json row = {{"kind", fault_name(run.plan)},
                        {"network", run.plan.network->name},
                        {"seed", run.plan.seed},
                        {"score", run.score}};
  if (const auto step = run.plan.fault_step()) row["fault_step"] = *step;
  for (const StepSignals& step : steps_) {
    const auto or_null = [](const std::optional<double>& value) {
      return value ? nlohmann::json(*value) : nlohmann::json();
    };
    row["loss"].push_back(or_null(step.loss));
    row["global_norm"].push_back(step.global_norm);
    row["smallest_update_ratio"].push_back(or_null(step.smallest_update_ratio));
    row["largest_update_ratio"].push_back(or_null(step.largest_update_ratio));
    row["weight_rms"].push_back(step.weight_rms);
  }
  return row;
}

}  // namespace gradvitals::study
