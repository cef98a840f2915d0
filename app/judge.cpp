#include "app/judge.h"

#include <utility>

namespace gradvitals::app {

NetworkReport judge(HealthMetrics metrics, const Thresholds& thresholds, const Device& device,
                    std::string name, std::string short_name) {
  Diagnosis diagnosis = gradvitals::diagnose(metrics, thresholds);
  const NotebookScore notebook = notebook_score(metrics);
  return {.name = std::move(name),
          .short_name = std::move(short_name),
          .device = gradvitals::name(device),
          .metrics = std::move(metrics),
          .diagnosis = std::move(diagnosis),
          .notebook = notebook,
          .notes = {}};
}

}  // namespace gradvitals::app
