// StepGraph: a training step that a GPU runs as one CUDA graph.
#pragma once

#include <functional>
#include <optional>

#include "kernels/runtime/graph.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// Runs a step again and again. The first two runs call the function, so that everything it needs
/// is allocated; the third captures it, and from then on the device repeats what was captured in
/// one launch: forward, backward, statistics and update, without the host issuing their kernels.
///
///     StepGraph step(stream, [&] {
///       tape.reset();
///       const Tensor loss = mse(tape, model.forward(tape, x), y);
///       const Gradients gradients = tape.gradient(loss, parameters);
///       monitor.observe(tape.views());
///       optimizer.apply(stream, gradients, {.gradients = monitor.global_stats()});
///     });
///     for (...) {
///       x.copy_from_host<float>(stream, batch);  // new data in the same memory
///       step.run();
///       monitor.submit(i);
///       while (auto metrics = monitor.poll()) ...
///     }
///
/// Values that the function computes on the host (shapes, Optimizer::learning_rate()) are frozen at
/// capture. A learning rate and limits in an UpdateControl are not: the update reads them in every run.
///
///     Buffer control(stream, sizeof(UpdateControl));  // before the StepGraph
///     ... optimizer.apply(stream, gradients,
///                         {.gradients = monitor.global_stats(),
///                          .control = static_cast<const UpdateControl*>(control.data())});
///     const UpdateControl numbers{.learning_rate = rate_of(i), .max_norm = 1.0};  // before each run()
///     copy_to_device(stream, &numbers, sizeof(numbers), control.data());
///
/// The function must not keep tensors of its own across runs: their memory is then not reused, and the step cannot
/// be captured. Tensors that it uses must outlive the graph. On cpu, where ops run when they are
/// called, every run calls the function.
class StepGraph {
 public:
  StepGraph(Stream stream, std::function<void()> step);

  /// Throws what the function throws, and CudaError where its third run waits for the stream or
  /// allocates.
  void run();

  /// Whether run() launches a graph rather than calling the function.
  bool is_captured() const { return graph_.has_value(); }

 private:
  Stream stream_;
  std::function<void()> step_;
  int runs_ = 0;
  std::optional<Graph> graph_;
};

}  // namespace gradvitals
