// Gradients that some steps of a run have and others do not: not None, but not in the file at all.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/phrases.h"
#include "monitor/rules/run_checks.h"

namespace gradvitals {
namespace {

/// Where one gradient is present, among the steps that have any.
struct Presence {
  std::size_t order = 0;        ///< In which it was met.
  std::int64_t steps = 0;       ///< That have it.
  std::size_t next = 0;         ///< Behind the last of them.
  std::int64_t first_gap = -1;  ///< The first step without it.
  std::int64_t gaps = 0;        ///< Between or before steps that have it.

  void add(std::size_t position) {
    if (first_gap < 0 && position > next) first_gap = static_cast<std::int64_t>(next);
    if (position > next) ++gaps;
    next = position + 1;
    ++steps;
  }
};

using Presences = std::unordered_map<std::string, Presence>;

/// The places of the steps that have gradients.
std::vector<std::size_t> places_with_gradients(const RunEvidence& run) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < run.kinds.size(); ++i) {
    if (run.kinds[i] != StepKind::kEmpty) places.push_back(i);
  }
  return places;
}

Presences presences_of(const RunEvidence& run, const std::vector<std::size_t>& places) {
  Presences all;
  for (std::size_t position = 0; position < places.size(); ++position) {
    for (std::string& name : gradient_names_of(*run.steps[places[position]].metrics)) {
      Presence& presence =
          all.try_emplace(std::move(name), Presence{.order = all.size()}).first->second;
      if (presence.next <= position) presence.add(position);
    }
  }
  return all;
}

/// Gradients that lack in the same first step and in as many, in one go or not.
struct Absent {
  std::size_t position;  ///< Of that step, among those that have gradients.
  std::int64_t steps;
  bool is_in_one_go;  ///< They follow each other.
  std::vector<std::string> names;
};

std::vector<Absent> absent_gradients(const Presences& presences, std::size_t steps) {
  std::vector<std::pair<const Presence*, const std::string*>> met;
  for (const auto& [name, presence] : presences) met.emplace_back(&presence, &name);
  std::ranges::sort(met, {}, [](const auto& entry) { return entry.first->order; });
  std::map<std::tuple<std::size_t, std::int64_t, bool>, Absent> groups;
  for (const auto& [presence, name] : met) {
    const std::int64_t without = static_cast<std::int64_t>(steps) - presence->steps;
    if (without == 0) continue;
    const std::size_t position =
        presence->first_gap < 0 ? presence->next : static_cast<std::size_t>(presence->first_gap);
    const std::int64_t gaps = presence->gaps + (presence->next < steps ? 1 : 0);
    const bool is_in_one_go = gaps == 1;
    Absent& group = groups
                        .try_emplace({position, without, is_in_one_go},
                                     Absent{position, without, is_in_one_go, {}})
                        .first->second;
    group.names.push_back(*name);
  }
  std::vector<Absent> absent;
  for (auto& [key, group] : groups) absent.push_back(std::move(group));
  return absent;
}

std::int64_t names_in(std::span<const Absent> groups) {
  std::int64_t count = 0;
  for (const Absent& group : groups) count += std::ssize(group.names);
  return count;
}

/// "; b.npz lacks head.bias, and so do 2 steps more"; where those are all that follow or all that go
/// before, from which step on or up to which.
std::string absence_text(const Absent& group, const RunEvidence& run,
                         const std::vector<std::size_t>& places) {
  const auto label = [&](std::size_t position) { return run.steps[places[position]].label; };
  const std::string names = list_names(group.names);
  const std::size_t end = group.position + static_cast<std::size_t>(group.steps);
  if (group.steps > 1 && end == places.size()) {
    return fmt::format("; from {} on all {} lack {}", label(group.position),
                       steps_text(group.steps), names);
  }
  if (group.steps > 1 && group.position == 0 && group.is_in_one_go) {
    return fmt::format("; all {} before {} lack {}", steps_text(group.steps), label(end), names);
  }
  const std::string text = fmt::format("; {} lacks {}", label(group.position), names);
  const std::int64_t more = group.steps - 1;
  if (more == 0) return text;
  return fmt::format("{}, and so {} {} more", text, plural(more, "does", "do"), steps_text(more));
}

}  // namespace

std::vector<std::string> gradient_names_of(const HealthMetrics& metrics) {
  std::vector<std::string> names;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kGradient) names.emplace_back(tensor.name);
  }
  if (!metrics.tensors.empty()) return names;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    // Beside finite norms of tensors it is left out.
    if (metrics.gradient_norms.size() > 1 && is_total_norm(metrics, i)) continue;
    names.push_back(norm_name(metrics, i));
  }
  return names;
}

std::vector<RunFinding> check_run_absences(const RunEvidence& run) {
  const std::vector<std::size_t> places = places_with_gradients(run);
  const std::vector<Absent> absent = absent_gradients(presences_of(run, places), places.size());
  if (absent.empty()) return {};
  const std::int64_t count = names_in(absent);
  Finding finding;
  finding.rule = RuleId::kZeroGradient;
  finding.severity = Severity::kInfo;
  finding.verdict = Verdict::kNoGradient;
  finding.tensor = absent.front().names.front();
  finding.value = static_cast<double>(count);
  finding.text = fmt::format("{} {} in some steps and not in others", count,
                             plural(count, "gradient is", "gradients are"));
  // list_names() bounds the names of each group.
  const std::size_t shown = std::min<std::size_t>(3, absent.size());
  for (const Absent& group : std::span(absent).first(shown)) {
    finding.text += absence_text(group, run, places);
  }
  const std::int64_t rest = names_in(std::span(absent).subspan(shown));
  if (rest > 0) finding.text += fmt::format("; other steps lack {} more", rest);
  finding.text += '.';
  finding.advice = {
      "Check that every step was dumped or recorded with the gradients of the whole network",
      "A parameter that was frozen, or that the forward pass no longer uses, lacks from then on",
      "Of dumps, --parameters FILE judges a gradient that lacks as missing"};
  const std::int64_t steps = std::ranges::max(absent, {}, &Absent::steps).steps;
  return {finding_at(run, places[absent.front().position], steps, std::move(finding))};
}

}  // namespace gradvitals
