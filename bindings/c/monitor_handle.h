// gradvitals_monitor: what the handle of C stands for.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "monitor/health_monitor.h"
#include "monitor/report/network_report.h"

struct gradvitals_monitor {
  explicit gradvitals_monitor(gradvitals::HealthMonitor::Options options)
      : health(std::move(options)) {}

  gradvitals::HealthMonitor health;
  std::map<int, void*> streams;  ///< In use, by GPU.
  std::vector<gradvitals::TensorStats> stats;
  std::deque<gradvitals::HealthEvent> events;  ///< Taken from `health`, and not yet by the caller.
  std::string text;                            ///< What was returned last.
  std::optional<gradvitals::NetworkReport> judged;  ///< By gradvitals_monitor_verdict().
  std::string advice;                               ///< Of the finding that was returned last.
};
