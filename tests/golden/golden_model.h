// Recorded models: tests/data/golden/<kind>/<name>.model.safetensors and .data.safetensors, run.
#pragma once

#include <string>

#include "framework/io/make_model.h"
#include "framework/io/model_file.h"
#include "framework/losses.h"
#include "kernels/runtime/stream.h"
#include "monitor/gradient_monitor.h"
#include "tests/golden/golden_file.h"

namespace gradvitals::test {

/// What the monitor sees of one forward and backward pass.
inline HealthMetrics examine_golden_model(Stream& stream, const std::string& kind,
                                          const std::string& name) {
  const ModelFile file = read_model(golden_path(kind, name, ".model.safetensors"));
  const ModelBatch batch = read_batch(golden_path(kind, name, ".data.safetensors"), file);
  const Sequential model = make_model(stream, file);
  const Tensor x =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.front().inputs}, batch.x);
  const Tensor target =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.back().outputs}, batch.y);
  Tape tape(stream);
  const Tensor error = loss(tape, file.loss, model.forward(tape, x), target);
  tape.gradient(error, model.trainable_variables());
  return GradientMonitor(stream).inspect(tape.views());
}

}  // namespace gradvitals::test
