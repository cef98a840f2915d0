#include "kernels/runtime/graph.h"

#include "kernels/runtime/backend.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

bool Graph::is_supported(const Stream& stream) {
  return stream.backend()->can_capture();
}

Graph::Graph(Stream& stream, const std::function<void()>& issue)
    : graph_(stream.backend()->capture(issue)) {}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;

void Graph::launch() {
  graph_->launch();
}

}  // namespace gradvitals
