// FlightRecorder: keeps the last steps of a training, and writes them down where something critical
// begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "monitor/metrics/health_metrics.h"
#include "monitor/metrics/step_context.h"
#include "monitor/trajectory/health_event.h"
#include "training/trainer.h"

namespace gradvitals {

struct FlightRecorderOptions {
  std::string folder;  ///< Where incidents go; made with the first of them.
  std::size_t steps = 32;
  std::int64_t most_incidents = 8;                ///< Of this recorder; later ones are counted.
  std::map<std::string, std::string> settings{};  ///< Written with each: any texts.
  std::vector<std::string> command{};             ///< Words that start the same training.
};

/// An observer that writes folder/incident-STEP where an episode begins that is critical, or
/// becomes so: statistics of the last steps, what grew in them, the samples of the step, and a
/// checkpoint from before its update, of which replay() makes the step again (incident.h says which
/// files). A folder appears whole or not at all, and replaces none. What fails is told, and does
/// not end the training.
///
/// Memory is bounded: of a model so large that its steps would take more than kMostBytes, fewer are
/// kept.
class FlightRecorder final : public TrainingObserver {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  /// Throws std::invalid_argument for an empty folder, no steps, or fewer than one incident.
  explicit FlightRecorder(FlightRecorderOptions options);

  void on_step(const TrainingStep& step) override;

  /// The folders that were written, in their order.
  const std::vector<std::string>& incidents() const { return incidents_; }
  /// Why each of them was written: "exploding (R2) in dense/kernel".
  const std::vector<std::string>& reasons() const { return reasons_; }
  std::int64_t lost_incidents() const { return lost_incidents_; }        ///< Could not be written.
  std::int64_t ignored_incidents() const { return ignored_incidents_; }  ///< Beyond the limit.

  /// What to tell people since the last call, a sentence each: every incident; a failure and the
  /// limit once.
  std::vector<std::string> take_messages();
  /// What is missing, a sentence each.
  std::vector<std::string> notes() const;

 private:
  struct RecordedStep {
    HealthMetrics metrics;
    StepContext context;
    std::vector<HealthEvent> events;
  };

  void record(const TrainingStep& step);
  void write(const TrainingStep& step);
  void write_files(const TrainingStep& step, const std::string& folder) const;
  void write_steps(const std::string& path, std::int64_t step) const;

  FlightRecorderOptions options_;
  std::deque<RecordedStep> recorded_;
  std::vector<std::string> incidents_;
  std::vector<std::string> reasons_;
  std::int64_t lost_incidents_ = 0;
  std::int64_t ignored_incidents_ = 0;
  std::string problem_;  ///< Of the last incident that was lost.
  std::vector<std::string> messages_;
};

}  // namespace gradvitals
