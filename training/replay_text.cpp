// What a replay has shown, for people.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "monitor/metrics/phrases.h"
#include "training/replay.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostNamedSamples = 5;
constexpr std::size_t kMostNamedDifferences = 5;

std::string sample_name(const ReplayedSample& sample) {
  if (!sample.source_row) {
    return fmt::format("sample {} of the batch (row {} of the training data)", sample.place,
                       sample.row);
  }
  return fmt::format("sample {} of the batch (row {} of the file, from 0 and without a header)",
                     sample.place, *sample.source_row);
}

std::string sample_line(const ReplayedSample& sample) {
  if (sample.nonfinite_feature) {
    return fmt::format("  {}: feature {} is not finite\n", sample_name(sample),
                       *sample.nonfinite_feature);
  }
  if (sample.nonfinite_target) {
    return fmt::format("  {}: target {} is not finite\n", sample_name(sample),
                       *sample.nonfinite_target);
  }
  return fmt::format("  {}: loss {:.6g}, largest feature {:.6g}\n", sample_name(sample),
                     sample.loss, sample.max_abs_feature);
}

std::string sample_lines(std::span<const ReplayedSample> samples) {
  std::string text;
  for (const ReplayedSample& sample : samples.first(std::min(samples.size(), kMostNamedSamples))) {
    text += sample_line(sample);
  }
  if (samples.size() > kMostNamedSamples) {
    text += fmt::format("  and {} more\n", samples.size() - kMostNamedSamples);
  }
  return text;
}

bool has_broken_weight(const HealthMetrics& metrics) {
  return std::ranges::any_of(metrics.tensors, [](const TensorRecord& tensor) {
    return tensor.role == Role::kWeight && tensor.stats.nonfinite_count() > 0;
  });
}

/// Which sample did it. They are sorted, worst first.
std::string samples_text(const Replay& replay) {
  const std::span<const ReplayedSample> samples = replay.samples;
  const auto count_if = [&](auto condition) {
    return static_cast<std::size_t>(std::ranges::count_if(samples, condition));
  };
  const std::size_t broken =
      count_if([](const ReplayedSample& sample) { return !sample.is_finite(); });
  if (broken > 0) {
    return fmt::format("{} of the batch's {} samples {} values that are not finite:\n", broken,
                       samples.size(), plural(static_cast<std::int64_t>(broken), "holds", "hold")) +
           sample_lines(samples.first(broken));
  }
  const std::size_t failing =
      count_if([](const ReplayedSample& sample) { return !std::isfinite(sample.loss); });
  if (has_broken_weight(replay.metrics)) {
    return "All samples are finite: it is weights that are not, and what wrote them is before this "
           "step.\n";
  }
  if (failing == samples.size()) {
    return "All samples and weights are finite, and the loss of no sample is: the weights are too "
           "large.\n";
  }
  if (failing > 0) {
    return fmt::format("The loss of {} of the batch's {} samples is not finite:\n", failing,
                       samples.size()) +
           sample_lines(samples.first(failing));
  }
  return fmt::format(
             "Each of the batch's {} samples alone is finite, with a median loss of {:.6g}. "
             "The largest:\n",
             samples.size(), samples[samples.size() / 2].loss) +
         sample_lines(samples.first(std::min(samples.size(), std::size_t{3})));
}

std::string differences_text(std::span<const std::string> differences) {
  if (differences.empty()) return "Loss, gradients and weights are those that were recorded.\n";
  std::string text = "It is not the step that was recorded: another machine, or other data?\n";
  for (const std::string& difference :
       differences.first(std::min(differences.size(), kMostNamedDifferences))) {
    text += fmt::format("  {}\n", difference);
  }
  if (differences.size() > kMostNamedDifferences) {
    text += fmt::format("  and {} more\n", differences.size() - kMostNamedDifferences);
  }
  return text;
}

}  // namespace

std::string replay_text(const Replay& replay, const StoredIncident& incident) {
  std::string text = fmt::format("Step {} again: its loss is {:.9g}.\n", replay.step, replay.loss);
  text += differences_text(replay.differences);
  text += fmt::format("Recorded ({} {}): {}\n", incident.rule, incident.severity, incident.text);
  const auto& findings = replay.diagnosis.findings;
  if (replay.diagnosis.severity >= Severity::kWarning && !findings.empty()) {
    text += fmt::format("This step by itself ({}): {}\n", rule_number(findings.front().rule),
                        findings.front().text);
  } else {
    text += "This step by itself is healthy: it was those before that showed it.\n";
  }
  return text + samples_text(replay);
}

}  // namespace gradvitals
