#include "app/run_outputs.h"

#include "app/output.h"

namespace gradvitals::app {

void RunOutputs::add(const JudgedStep& step) {
  if (!files_.plots.empty()) series_.add(step.metrics, step.context, step.tracker.vital_signs());
}

bool RunOutputs::write(const TrajectoryReport& /*report*/, const std::function<std::string()>& text,
                       const std::function<std::string()>& json) {
  bool written = true;
  if (!files_.takes_standard_output()) {
    written &= write_or_tell([&] { write_result("-", text()); });
  }
  if (files_.json) written &= write_or_tell([&] { write_result(*files_.json, json()); });
  return written;
}

}  // namespace gradvitals::app
