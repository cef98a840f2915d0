#include "training/flight_recorder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "framework/io/open_file.h"
#include "framework/io/write_file.h"
#include "monitor/history/history_writer.h"
#include "monitor/metrics/phrases.h"
#include "training/incident.h"
#include "training/norm_growth.h"

namespace gradvitals {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostGrowth = 10;  ///< Tensors that an incident names as having grown.

std::size_t recorded_bytes_of(const HealthMetrics& metrics) {
  return sizeof(HealthMetrics) + metrics.tensors.size() * sizeof(TensorRecord) +
         metrics.units.size() * sizeof(LayerUnits) + metrics.gradient_norms.size() * sizeof(double);
}

bool is_critical_start(const HealthEvent& event) {
  return event.kind != HealthEventKind::kEnded &&
         event.episode.finding.severity == Severity::kCritical;
}

/// Those of the step, the reason first: what is critical, a cause before what it explains.
std::vector<HealthEvent> by_importance(std::span<const HealthEvent> events) {
  std::vector<HealthEvent> sorted(events.begin(), events.end());
  std::ranges::stable_partition(sorted, [](const HealthEvent& event) {
    return is_critical_start(event) && !event.episode.finding.consequence_of;
  });
  const auto critical = std::ranges::find_if(sorted, is_critical_start);
  std::rotate(sorted.begin(), critical, std::next(critical));
  return sorted;
}

/// Of the event that comes first.
std::string reason_of(std::span<const HealthEvent> events) {
  const Finding finding = by_importance(events).front().episode.finding;
  const std::string what = fmt::format("{} ({})", name(finding.verdict), rule_number(finding.rule));
  return finding.tensor.empty() ? what : fmt::format("{} in {}", what, finding.tensor);
}

/// In the order in which they come to be: a weight and its gradient have one name.
constexpr std::array kRolesInOrder = {Role::kWeight, Role::kPreActivation, Role::kOutput,
                                      Role::kDelta, Role::kGradient};

std::optional<std::int64_t> first_nonfinite_index(const HealthMetrics& metrics,
                                                  std::string_view tensor) {
  for (const Role role : kRolesInOrder) {
    for (const TensorRecord& record : metrics.tensors) {
      if (record.role == role && record.name == tensor && record.stats.nonfinite_count() > 0) {
        return record.stats.first_nonfinite_index;
      }
    }
  }
  return std::nullopt;
}

/// Of the batch; empty where they are not known.
std::vector<std::int64_t> source_rows_of(const TrainingStep& step) {
  const std::vector<std::int64_t>& known = step.trainer.data().training.source_rows;
  std::vector<std::int64_t> rows;
  if (known.empty()) return rows;
  for (const std::int64_t sample : step.samples) {
    rows.push_back(known.at(static_cast<std::size_t>(sample)));
  }
  return rows;
}

/// A name that nothing has yet: a resumed run may come by the same step again.
fs::path free_name(const fs::path& folder, std::int64_t step) {
  fs::path path = folder / fmt::format("incident-{}", step);
  for (int again = 2; fs::exists(fs::symlink_status(path)); ++again) {
    path = folder / fmt::format("incident-{}-{}", step, again);
  }
  return path;
}

/// The content of a file, on disk.
void sync_file(const std::string& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Some file systems have no such call (EINVAL).
  if (::fsync(file.get()) != 0 && errno != EINVAL) throw_errno();
}

/// The entries of a folder, on disk. They are in their places: what fails here takes nothing back.
void sync_entries(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const OpenFile file(descriptor);
  static_cast<void>(::fsync(file.get()));
}

}  // namespace

FlightRecorder::FlightRecorder(FlightRecorderOptions options) : options_(std::move(options)) {
  if (options_.folder.empty() || options_.steps < 1 || options_.most_incidents < 1) {
    throw std::invalid_argument(fmt::format(
        "FlightRecorder: folder '{}', {} steps, {} incidents: none of them can be empty",
        options_.folder, options_.steps, options_.most_incidents));
  }
}

void FlightRecorder::on_step(const TrainingStep& step) {
  if (step.metrics == nullptr) return;
  record(step);
  if (std::ranges::none_of(step.events, is_critical_start)) return;
  if (std::ssize(incidents_) < options_.most_incidents) return write(step);
  if (++ignored_incidents_ > 1) return;
  messages_.push_back(fmt::format("{} incidents are kept in {}; later ones are not",
                                  options_.most_incidents, options_.folder));
}

void FlightRecorder::record(const TrainingStep& step) {
  // Of a step that an observer ended by throwing, what was recorded is made anew.
  while (!recorded_.empty() && recorded_.back().metrics.step >= step.step) recorded_.pop_back();
  const std::size_t most =
      std::clamp<std::size_t>(kMostBytes / recorded_bytes_of(*step.metrics), 1, options_.steps);
  RecordedStep oldest;  // Its memory is used again.
  while (recorded_.size() >= most) {
    oldest = std::move(recorded_.front());
    recorded_.pop_front();
  }
  oldest.metrics = *step.metrics;
  oldest.metrics.step = step.step;
  oldest.context = step.context;
  oldest.events.assign(step.events.begin(), step.events.end());
  recorded_.push_back(std::move(oldest));
}

void FlightRecorder::write(const TrainingStep& step) {
  const fs::path folder = options_.folder;
  const fs::path draft = folder / fmt::format(".incident-{}.part", step.step);
  try {
    fs::create_directories(folder);
    fs::remove_all(draft);  // Of a run that was killed.
    fs::create_directory(draft);
    write_files(step, draft.native());
    const fs::path target = free_name(folder, step.step);
    fs::rename(draft, target);
    incidents_.push_back(target.native());
    reasons_.push_back(reason_of(step.events));
    sync_entries(folder);
    messages_.push_back(
        fmt::format("step {}, {}: the {} steps up to it, and a checkpoint from before "
                    "it, are in {}",
                    step.step, reasons_.back(), recorded_.size(), target.native()));
  } catch (const std::exception& error) {
    std::error_code ignored;
    fs::remove_all(draft, ignored);
    problem_ = error.what();
    if (++lost_incidents_ > 1) return;
    messages_.push_back(
        fmt::format("the incident of step {} could not be kept: {}; the training "
                    "goes on",
                    step.step, problem_));
  }
}

void FlightRecorder::write_files(const TrainingStep& step, const std::string& folder) const {
  const auto path = [&folder](std::string_view name) { return fmt::format("{}/{}", folder, name); };
  step.trainer.save_checkpoint(path(kIncidentCheckpointFile));
  write_steps(path(kIncidentStepsFile), step.step);
  IncidentReport report{.step = step.step,
                        .epoch = step.epoch,
                        .checkpoint_step = step.trainer.step(),
                        .events = by_importance(step.events),
                        .first_nonfinite_index = {},
                        .growth = {},
                        .steps = {},
                        .samples = {step.samples.begin(), step.samples.end()},
                        .source_rows = source_rows_of(step),
                        .controls = step.controls,
                        .settings = options_.settings,
                        .command = options_.command};
  std::vector<const HealthMetrics*> metrics;
  for (const RecordedStep& recorded : recorded_) {
    metrics.push_back(&recorded.metrics);
    report.steps.push_back({.step = *recorded.metrics.step,
                            .loss = recorded.metrics.loss,
                            .global_norm = global_norm(recorded.metrics),
                            .context = recorded.context});
  }
  report.growth = fastest_growth(metrics, kMostGrowth);
  report.first_nonfinite_index =
      first_nonfinite_index(*step.metrics, report.events.front().episode.finding.tensor);
  write_file(path(kIncidentFile), incident_json(report));
  sync_entries(folder);
}

void FlightRecorder::write_steps(const std::string& path, std::int64_t step) const {
  HistoryWriter history(path, {.run = fmt::format("incident of step {}", step),
                               .settings = options_.settings,
                               .resume_step = {}});
  for (const RecordedStep& recorded : recorded_) {
    history.add(recorded.metrics, recorded.context);
    for (const HealthEvent& event : recorded.events) history.add(event);
  }
  const std::string missing = missing_text(history.status(), path);
  if (!missing.empty()) throw std::runtime_error(missing);
  sync_file(path);
}

std::vector<std::string> FlightRecorder::take_messages() {
  return std::exchange(messages_, {});
}

std::vector<std::string> FlightRecorder::notes() const {
  std::vector<std::string> notes;
  if (lost_incidents_ > 0) {
    notes.push_back(fmt::format("{} {} could not be kept: {}", lost_incidents_,
                                plural(lost_incidents_, "incident", "incidents"), problem_));
  }
  if (ignored_incidents_ > 0) {
    notes.push_back(fmt::format(
        "{} later {} not kept: {} are, and that is the limit", ignored_incidents_,
        plural(ignored_incidents_, "incident was", "incidents were"), options_.most_incidents));
  }
  return notes;
}

}  // namespace gradvitals
