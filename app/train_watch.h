// TrainWatch: what `gradvitals train` does while it trains.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/interrupt.h"
#include "app/live_view.h"
#include "app/progress.h"
#include "app/run_outputs.h"
#include "app/time_left.h"
#include "app/train_options.h"
#include "app/train_setup.h"
#include "app/train_signals.h"
#include "monitor/history/history_writer.h"
#include "monitor/report/live/live_run.h"
#include "monitor/report/style.h"
#include "monitor/report/training.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/treatment/treatment.h"
#include "training/alert_command.h"
#include "training/flight_recorder.h"
#include "training/trainer.h"

namespace gradvitals::app {

/// Shows progress and alerts on stderr, as lines or in a live view, hands alerts to the user's command,
/// keeps checkpoints, the history and incidents, and ends the training where the user wishes it. What
/// fails is told once, and does not end the training.
class TrainWatch final : public TrainingObserver {
 public:
  /// The setup's name is that of the training in alerts and in its history, which goes on at
  /// `first_step` where a checkpoint is resumed. The options must outlive it. Throws InputError where
  /// the file is the history of another run, and std::runtime_error where it, or the
  /// events for TensorBoard, cannot be written.
  TrainWatch(const TrainOptions& options, const TrainSetup& setup, std::int64_t first_step);

  void on_step(const TrainingStep& step) override;
  void on_epoch(const TrainingEpoch& epoch) override;

  /// What was done about the step that on_step() tells next.
  void hear_of(const TreatmentEvent& event) { treatments_.push_back(event); }

  /// After the last step: the last checkpoint and the last alerts. Waits for alert commands.
  void finish(const Trainer& trainer);

  /// The signal that ended the training; 0 for none.
  int interruption() const { return interrupt_.signal(); }
  bool has_checkpoint() const { return has_checkpoint_; }
  /// Those that were kept.
  std::vector<KeptIncident> incidents() const;
  /// What is missing, one sentence each.
  std::vector<std::string> notes() const;
  /// Whether the last checkpoint, a line of the history or an incident could not be written.
  bool has_lost_output() const;

  /// What was seen of the run: its events, first and last steps. The rest is the tracker's.
  const TrajectoryReport& seen() const { return seen_; }
  const SignalSums& signals() const { return signals_; }
  RunOutputs& outputs() { return outputs_; }

 private:
  LiveState live_state(const Trainer& trainer);
  void show(const Trainer& trainer);
  /// A line for the user, which stays.
  void say(std::string_view line);
  void record(const TrainingStep& step);
  void tell(const HealthEvent& event);
  void tell_treatments();
  void keep_incident(const TrainingStep& step);
  void tell_problems();
  void keep_checkpoint(const Trainer& trainer);
  ProgressReport report(const Trainer& trainer) const;

  const TrainOptions& options_;
  std::string run_;
  TextStyle style_;
  Interrupt interrupt_;
  Progress progress_;
  /// Until the end, where there is one: then nothing is in progress_.
  std::optional<LiveView> live_;
  LiveRun live_run_;
  TimeLeft time_left_;
  std::unique_ptr<AlertCommand> alert_command_;  ///< Null for none.
  std::optional<HistoryWriter> history_;
  RunOutputs outputs_;
  std::optional<FlightRecorder> flight_;
  bool has_told_replay_ = false;
  std::vector<TreatmentEvent> treatments_;  ///< Of the step that is told next.
  std::int64_t told_treatments_ = 0;
  TrajectoryReport seen_;
  SignalSums signals_;
  std::optional<Evaluation> validation_;
  std::vector<std::string> command_problems_;
  std::string checkpoint_problem_;  ///< Of the last one; empty where it was written.
  bool has_told_checkpoint_ = false;
  bool has_checkpoint_ = false;
};

}  // namespace gradvitals::app
