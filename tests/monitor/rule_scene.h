// A scene for the rules over time: what one of them says after the steps that a memory was given.
#pragma once

#include <cmath>
#include <vector>

#include "monitor/trajectory/trajectory_rule.h"
#include "tests/monitor/training_steps.h"

namespace gradvitals::test {

inline double above(double value) {
  return std::nextafter(value, kInf);
}
inline double below(double value) {
  return std::nextafter(value, -kInf);
}

/// What a check says of `made` after the steps that a memory was given.
struct Scene {
  explicit Scene(const Thresholds& limits = {}) : thresholds(limits), memory(thresholds) {}

  void remember(const MadeStep& made, const StepContext& context = {}) {
    const std::int64_t step = next++;
    memory.remember(reader.read(made.metrics(step), step), context);
  }
  std::vector<Finding> ask(std::vector<Finding> (*check)(const TrajectoryEvidence&),
                           const MadeStep& made, const StepContext& context = {}) {
    return ask(check, made.metrics(next), context);
  }
  std::vector<Finding> ask(std::vector<Finding> (*check)(const TrajectoryEvidence&),
                           const HealthMetrics& metrics, const StepContext& context = {}) {
    return check({reader.read(metrics, next), metrics, context, memory, thresholds});
  }

  Thresholds thresholds;
  SignalReader reader;
  TrajectoryMemory memory;
  std::int64_t next = 0;
};

/// One kernel, gradient norms 10^(ripple): the median is 1 and the deviation is the least there is.
inline MadeStep unit_step(double norm = 1.0) {
  return {.kernels = 1, .gradient = norm};
}

inline Scene steady(int steps, double norm = 1.0, double loss = 1.0) {
  Scene scene;
  for (int i = 0; i < steps; ++i) {
    MadeStep made = unit_step(norm);
    made.loss = loss;
    scene.remember(made);
  }
  return scene;
}

}  // namespace gradvitals::test
