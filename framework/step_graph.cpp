#include "framework/step_graph.h"

#include <utility>

namespace gradvitals {
namespace {

/// The first step allocates what persists (optimizer state, the plan of statistics); the second
/// allocates memory that was still in use during the first.
constexpr int kRunsBeforeCapture = 2;

}  // namespace

StepGraph::StepGraph(Stream stream, std::function<void()> step)
    : stream_(stream), step_(std::move(step)) {}

void StepGraph::run() {
  if (!graph_ && runs_ == kRunsBeforeCapture && Graph::is_supported(stream_)) {
    graph_.emplace(stream_, step_);
  }
  if (graph_) return graph_->launch();
  step_();
  if (runs_ < kRunsBeforeCapture) ++runs_;
}

}  // namespace gradvitals
