#include "monitor/rules/run_networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "monitor/metrics/network_split.h"

namespace gradvitals {

RunEvidence run_evidence(std::span<const RunStep> steps, std::vector<StepKind> kinds,
                         const Thresholds& thresholds) {
  RunEvidence run{steps, thresholds, std::move(kinds), {}};
  for (std::size_t i = 0; i < run.kinds.size(); ++i) {
    if (run.kinds[i] == StepKind::kFinite) run.finite.push_back(i);
  }
  return run;
}

NetworkRuns::NetworkRuns(const RunEvidence& run) : all_(run) {
  const bool are_several = std::ranges::any_of(
      run.steps, [](const RunStep& step) { return !step.metrics->networks.empty(); });
  if (!are_several) return;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const RunStep& step = run.steps[i];
    std::vector<HealthMetrics> parts = split_networks(*step.metrics);
    if (parts.empty()) add("", step, run.kinds[i]);
    for (std::size_t network = 0; network < parts.size(); ++network) {
      RunStep part = step;
      part.metrics = &parts_.emplace_back(std::move(parts[network]));
      add(step.metrics->networks[network].text(), part, run.kinds[i]);
    }
  }
}

void NetworkRuns::add(const std::string& name, const RunStep& step, StepKind kind) {
  auto network = std::ranges::find(networks_, name, &NetworkRun::name);
  if (network == networks_.end()) network = networks_.insert(network, NetworkRun{name, {}, {}});
  network->steps.push_back(step);
  network->kinds.push_back(kind);
}

std::vector<RunFinding> NetworkRuns::check(
    std::vector<RunFinding> (*check_run)(const RunEvidence& run)) const {
  if (networks_.empty()) return check_run(all_);
  std::vector<RunFinding> findings;
  for (const NetworkRun& network : networks_) {
    std::vector<RunFinding> found =
        check_run(run_evidence(network.steps, network.kinds, all_.thresholds));
    for (RunFinding& each : found) {
      if (network.name.empty()) continue;
      each.finding.network = network.name;
      each.finding.text = fmt::format("In {}: {}", network.name, each.finding.text);
    }
    std::ranges::move(found, std::back_inserter(findings));
  }
  return findings;
}

}  // namespace gradvitals
