// HealthMonitor::State: steps from their observation to their judgement. Internal.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "monitor/health_monitor.h"
#include "monitor/history/history_writer.h"
#include "monitor/metrics/health_metrics.h"
#include "monitor/multi_device_monitor.h"
#include "monitor/report/trajectory_report.h"
#include "monitor/trajectory/health_event.h"
#include "monitor/trajectory/health_tracker.h"
#include "monitor/treatment/treatment.h"

namespace gradvitals {

using SharedMetrics = std::shared_ptr<HealthMetrics>;

/// A step, with the layers, units and slices of an earlier check-up of the same tensors.
HealthMetrics with_layers_of(const HealthMetrics& checkup, const HealthMetrics& step);

struct HealthMonitor::State {
  /// What was observed, until it is judged or forgotten. Only the last one is neither.
  struct Observation {
    bool has_layers = false;
    bool is_of_others = false;  ///< Other tensors are watched since.
    bool is_forgotten = false;
    std::optional<Step> step{};  ///< Empty: not committed.
    SharedMetrics metrics{};     ///< Null: on its way.
  };

  explicit State(Options chosen);
  /// What was committed and is still on its way is judged, so that the history has it.
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool has_uncommitted() const {
    return !pending.empty() && !pending.back().step && !pending.back().is_forgotten;
  }
  void forget_uncommitted();
  /// Other tensors are watched from now on; nothing is on its way.
  void forget_tensors();
  void make_room();
  /// Receives what has arrived, and judges what of it was committed.
  void advance(bool waits);
  void judge(const Observation& observation);
  bool is_checkup(const Observation& observation) const;
  /// Throws std::logic_error naming the call where the watched tensors were not observed.
  const HealthMetrics& require_observed(const char* call);

  Options options;
  MultiDeviceMonitor devices;
  HealthTracker tracker;
  Treatment treatment;
  std::optional<HistoryWriter> history;
  std::deque<Observation> pending;  ///< The earliest first.
  SharedMetrics observed;           ///< Of the watched tensors, what has arrived last.
  SharedMetrics layers;             ///< The last check-up with layers.
  SharedMetrics applied;            ///< The last step that was applied, as judged.
  std::int64_t next_step = 0;       ///< The next number to commit.
  TrajectoryReport run;
  std::deque<HealthEvent> events;
};

}  // namespace gradvitals
