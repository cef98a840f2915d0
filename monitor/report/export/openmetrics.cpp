#include "monitor/report/export/openmetrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/report/export/metrics_text.h"

namespace gradvitals {
namespace {

/// A gradient that may have a gauge.
struct NamedNorm {
  std::string_view network;
  std::string name;
  double norm = 0.0;
};

std::optional<double> as_number(const std::optional<std::int64_t>& count) {
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

double as_number(std::int64_t count) {
  return static_cast<double>(count);
}

std::vector<NamedNorm> named_norms(const HealthMetrics& metrics) {
  std::vector<NamedNorm> norms;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (!has_norm(tensor)) continue;
    const auto place = static_cast<std::size_t>(tensor.network);
    norms.push_back(
        {place < metrics.networks.size() ? metrics.networks[place].text() : std::string_view(),
         tensor.name.text(), tensor.stats.ieee_norm()});
  }
  if (!metrics.tensors.empty()) return norms;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    norms.push_back({{}, norm_name(metrics, i), metrics.gradient_norms[i]});
  }
  return norms;
}

/// Places of the gradients that have a gauge, ascending.
std::vector<std::size_t> listed_norms(const std::vector<NamedNorm>& norms,
                                      const std::vector<Episode>& episodes) {
  // Half of the places are kept for findings, whether or not there are any: the others stay.
  constexpr std::size_t kMostNamed = kMostTensorGauges / 2;
  std::set<std::string_view> named;
  for (const Episode& episode : episodes) {
    const std::string& tensor = episode.finding.tensor;
    if (episode.is_open && !tensor.empty() && named.size() < kMostNamed) named.insert(tensor);
  }
  std::vector<std::size_t> listed;
  const bool fits = norms.size() <= kMostTensorGauges;
  const std::size_t others = fits ? kMostTensorGauges : kMostTensorGauges - kMostNamed;
  const std::size_t stride = (norms.size() + others - 1) / others;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    if (i % stride == 0 || named.contains(norms[i].name)) listed.push_back(i);
  }
  return listed;
}

/// Labels that differ from all before: names may differ in bytes alone that are no UTF-8.
class DistinctLabels {
 public:
  MetricLabels add(MetricLabels labels) {
    std::string& last = labels.back().second;
    const std::string wanted = last;
    for (int i = 2; !seen_.insert(labels).second; ++i) last = fmt::format("{} ({})", wanted, i);
    return labels;
  }

 private:
  std::set<MetricLabels> seen_;
};

void add_norms(MetricsText& text, const HealthMetrics& metrics,
               const std::vector<Episode>& episodes) {
  const std::vector<NamedNorm> norms = named_norms(metrics);
  const std::vector<std::size_t> listed = listed_norms(norms, episodes);
  if (!metrics.gradient_norms.empty()) {
    text.gauge_of("gradient_norm", "L2 norm of all gradients together.", global_norm(metrics));
  }
  text.gauge("tensor_gradient_norm",
             "L2 norm of a gradient; of 256 tensors where there are more: those that open findings "
             "name, and every n-th of the others.");
  DistinctLabels labels;
  for (const std::size_t place : listed) {
    MetricLabels of_norm;
    if (!norms[place].network.empty()) {
      of_norm.emplace_back("network", label_value(norms[place].network));
    }
    of_norm.emplace_back("tensor", label_value(norms[place].name));
    text.sample(labels.add(std::move(of_norm)), norms[place].norm);
  }
  text.gauge_of("tensors", "Gradients that exist.", as_number(std::ssize(norms)));
  text.gauge_of("tensors_unlisted", "Gradients without a gauge of their own.",
                as_number(std::ssize(norms) - std::ssize(listed)));
}

void add_status(MetricsText& text, const VitalSigns& signs) {
  text.gauge("vital_sign", "1 for the status that each vital sign has.");
  for (const auto& [sign, status] : {std::pair{"blood_pressure", signs.blood_pressure.status},
                                     std::pair{"heart_rate", signs.heart_rate.status},
                                     std::pair{"temperature", signs.temperature.status},
                                     std::pair{"oxygen", signs.oxygen.status}}) {
    text.sample({{"sign", sign}, {"status", std::string(name(status))}}, 1.0);
  }
}

void add_signs(MetricsText& text, const VitalSigns& signs) {
  const Oxygen& oxygen = signs.oxygen;
  text.gauge_of("norm_range_ratio", "Largest over smallest nonzero gradient norm.",
                signs.blood_pressure.range_ratio, "ratio");
  text.gauge_of("log_norm_mad", "Spread of log10 of the norm of all gradients, in decades.",
                signs.heart_rate.log_norm_mad);
  text.gauge_of("norm_spikes", "Spikes of the norm of all gradients within the window.",
                as_number(signs.heart_rate.spikes));
  text.gauge_of("update_to_weight_ratio", "Norm of the update over that of the weights.",
                signs.temperature.update_to_weight_ratio, "ratio");
  text.gauge_of("backward_factor",
                "Norm of the gradient at the first hidden layer over that at the last.",
                oxygen.backward_factor);
  text.gauge_of("factor_per_layer", "The backward factor of one layer.", oxygen.factor_per_layer);
  text.gauge_of("block_factor", "The same over alike blocks.", oxygen.block_factor);
  text.gauge_of("forward_gain", "Growth of activations per hidden layer.", oxygen.forward_gain);
  text.gauge_of("gradient_spread", "Smallest over largest gradient beside its weight.",
                oxygen.relative_gradient_spread);
  text.gauge_of("dead_units_ratio", "Dead units of the worst layer.", oxygen.dead_unit_fraction,
                "ratio");
  text.gauge_of("saturated_units_ratio", "Saturated units of the worst layer.",
                oxygen.saturation_fraction, "ratio");
}

void add_verdict(MetricsText& text, const TrajectoryReport& run) {
  constexpr std::array kVerdicts = {Verdict::kHealthy,    Verdict::kVanishing, Verdict::kExploding,
                                    Verdict::kSaturated,  Verdict::kDead,      Verdict::kNonFinite,
                                    Verdict::kNoGradient, Verdict::kUnstable,  Verdict::kSymmetric,
                                    Verdict::kStalled};
  text.gauge_of("severity", "Of the worst open finding: 0 ok, 1 info, 2 warning, 3 critical.",
                as_number(static_cast<std::int64_t>(run.severity)));
  text.gauge_of("worst_severity", "The same of all findings that there were.",
                as_number(static_cast<std::int64_t>(run.worst_severity)));
  text.gauge("verdict", "1 for the verdict that holds now, 0 for the others.");
  for (const Verdict verdict : kVerdicts) {
    text.sample({{"verdict", std::string(name(verdict))}}, verdict == run.verdict ? 1.0 : 0.0);
  }
}

void add_findings(MetricsText& text, const std::vector<Episode>& episodes) {
  std::vector<const Episode*> open;
  for (const Episode& episode : episodes) {
    if (episode.is_open) open.push_back(&episode);
  }
  std::ranges::stable_sort(open, std::ranges::greater(),
                           [](const Episode* episode) { return episode->finding.severity; });
  text.gauge("finding",
             "Severity of each open finding, 1 info to 3 critical; of 100 where there are more.");
  DistinctLabels labels;
  for (const Episode* episode : std::span(open).first(std::min(open.size(), kMostFindingGauges))) {
    const Finding& finding = episode->finding;
    text.sample(labels.add({{"rule", std::string(rule_number(finding.rule))},
                            {"id", std::string(rule_word(finding.rule))},
                            {"verdict", std::string(name(finding.verdict))},
                            {"network", label_value(finding.network)},
                            {"tensor", label_value(finding.tensor)}}),
                as_number(static_cast<std::int64_t>(finding.severity)));
  }
  text.gauge_of("findings_open", "Findings that hold now.", as_number(std::ssize(open)));
}

}  // namespace

void RunGauges::add(const HealthMetrics& metrics, const StepContext& context) {
  last_ = metrics;
  context_ = context;
  if (context.is_skipped) ++skipped_steps_;
  for (const TensorRecord& tensor : metrics.tensors) {
    nonfinite_values_ += tensor.stats.nonfinite_count();
  }
}

std::string openmetrics_text(const RunGauges& gauges, const TrajectoryReport& run,
                             const ExportOptions& options) {
  MetricsText text(run.name);
  text.gauge("program", "1, with what writes this.");
  text.sample({{"version", options.version}, {"device", options.device}}, 1.0);
  text.gauge_of("step", "Number of the last step.", as_number(run.last_step));
  text.gauge_of("loss", "Loss of the last step.", gauges.last().loss);
  text.gauge_of("learning_rate", "Of the last step's update.", gauges.context().learning_rate);
  add_norms(text, gauges.last(), run.episodes);
  add_status(text, run.vital_signs);
  add_signs(text, run.vital_signs);
  add_verdict(text, run);
  add_findings(text, run.episodes);
  text.counter("steps", "Steps that were judged.");
  text.sample(as_number(run.steps));
  text.counter("skipped_steps", "Steps whose update was not applied.");
  text.sample(as_number(gauges.skipped_steps()));
  text.counter("nonfinite_values", "NaN and infinities, in all tensors that were watched.");
  text.sample(as_number(gauges.nonfinite_values()));
  return std::move(text).finish();
}

}  // namespace gradvitals
