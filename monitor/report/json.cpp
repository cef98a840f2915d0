#include "monitor/report/json.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/report/finding_json.h"
#include "monitor/report/json_writer.h"
#include "monitor/report/trained_comparison_json.h"
#include "monitor/rules/notebook_interpreter.h"

namespace gradvitals {
namespace {

/// Empty where one network was examined.
std::string_view network_of(const TensorRecord& tensor, const HealthMetrics& metrics) {
  if (metrics.networks.empty()) return {};
  const auto place = static_cast<std::size_t>(tensor.network);  // Below 0 becomes too large.
  if (place >= metrics.networks.size()) {
    throw std::invalid_argument(fmt::format("json: tensor {} is of network {}, but there are {}",
                                            in_quotes(tensor.name), tensor.network,
                                            metrics.networks.size()));
  }
  return metrics.networks[place];
}

Json tensor_json(const TensorRecord& tensor, const HealthMetrics& metrics) {
  const TensorStats& stats = tensor.stats;
  const auto measured = [&](double value) { return tensor.exists ? json_number(value) : Json(); };
  Json json = {
      {"name", tensor.name.text()},
      {"role", name(tensor.role)},
      {"layer", json_index(tensor.layer)},
      {"dtype", name(tensor.dtype)},
      {"count", stats.count},
      {"l2_norm", measured(stats.l2_norm())},
      {"max_abs", measured(stats.max_abs)},
      {"min_abs_nonzero", measured(stats.min_abs_nonzero)},
      {"rms", stats.finite_count() > 0 ? measured(stats.rms()) : Json()},
      {"mean", stats.finite_count() > 0 ? measured(stats.mean()) : Json()},
      {"zero_count", stats.zero_count},
      {"subnormal_count", stats.subnormal_count},
      {"nan_count", stats.nan_count},
      {"inf_count", stats.inf_count},
      {"first_nonfinite_index", json_index(stats.first_nonfinite_index)},
  };
  add_network_key(json, network_of(tensor, metrics));
  return json;
}

Json metrics_json(const HealthMetrics& metrics) {
  Json norms = Json::array();
  for (const double norm : metrics.gradient_norms) norms.push_back(json_number(norm));
  return {
      {"min_gradient", json_number(metrics.min_gradient)},
      {"max_gradient", json_number(metrics.max_gradient)},
      {"mean_gradient", json_number(metrics.mean_gradient)},
      {"std_gradient", json_number(metrics.std_gradient)},
      {"vanished_layers", metrics.vanished_layers},
      {"weak_layers", metrics.weak_layers},
      {"total_layers", metrics.total_layers},
      {"gradient_norms", std::move(norms)},
      {"global_norm", json_number(global_norm(metrics))},
  };
}

/// `place` is that of the network in `trainings`.
void write_network(JsonWriter& out, const NetworkReport& network, std::size_t place = 0,
                   std::span<const TrainedComparison> trainings = {}) {
  out.open_object();
  out.member("schema", kDiagnosisSchema);
  out.member("name", network.name);
  out.member("device", network.device);
  out.member("loss", json_number(network.metrics.loss));
  out.key("tensors");
  out.open_array();
  for (const TensorRecord& tensor : network.metrics.tensors) {
    out.value(tensor_json(tensor, network.metrics));
  }
  out.close();
  out.member("metrics", metrics_json(network.metrics));
  out.member("seed_score",
             {{"score", network.notebook.score}, {"verdict", network.notebook.verdict}});
  out.member("vital_signs", vital_signs_json(network.diagnosis.vital_signs));
  out.key("findings");
  out.open_array();
  for (const Finding& finding : network.diagnosis.findings) out.value(finding_json(finding));
  out.close();
  out.member("verdict", name(network.diagnosis.verdict));
  out.member("severity", name(network.diagnosis.severity));
  write_thresholds(out, network.diagnosis.thresholds);
  if (!network.notes.empty()) out.member("notes", network.notes);
  if (!trainings.empty()) write_trainings(out, network, place, trainings);
  out.close();
}

void write_networks(JsonWriter& out, std::span<const NetworkReport> networks,
                    std::span<const TrainedComparison> trainings = {}) {
  out.key("networks");
  out.open_array();
  for (std::size_t i = 0; i < networks.size(); ++i) write_network(out, networks[i], i, trainings);
  out.close();
}

Json run_finding_json(const RunFinding& found) {
  Json json = finding_json(found.finding);
  json["step"] = json_count(found.step);
  json["file"] = found.label;
  json["count"] = found.count;
  return json;
}

Json named_step_json(const std::optional<RunDiagnosis::NamedStep>& named) {
  if (!named) return {};
  return {{"step", json_count(named->step)}, {"file", named->label}};
}

Json run_json_object(const RunDiagnosis& run) {
  Json findings = Json::array();
  for (const RunFinding& found : run.findings) findings.push_back(run_finding_json(found));
  return {
      {"verdict", name(run.verdict)},
      {"severity", name(run.severity)},
      {"first_bad_step", named_step_json(run.first_bad_step)},
      {"first_warning", named_step_json(run.first_warning)},
      {"first_critical", named_step_json(run.first_critical)},
      {"steps", run.steps},
      {"findings", std::move(findings)},
  };
}

}  // namespace

std::string diagnosis_json(const NetworkReport& network) {
  JsonWriter out;
  write_network(out, network);
  return std::move(out).finish();
}

std::string comparison_json(std::span<const NetworkReport> networks,
                            std::span<const TrainedComparison> trainings) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kComparisonSchema);
  write_networks(out, networks, trainings);
  out.close();
  return std::move(out).finish();
}

std::string run_json(std::span<const NetworkReport> networks, const RunDiagnosis& run) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kComparisonSchema);
  out.member("run", run_json_object(run));
  write_networks(out, networks);
  out.close();
  return std::move(out).finish();
}

}  // namespace gradvitals
