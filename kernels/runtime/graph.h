// Graph: work captured once and launched again and again.
#pragma once

#include <functional>
#include <memory>

namespace gradvitals {

class Stream;
class BackendGraph;

/// The kernels, fills and copies that a function issues to a stream, to be run again in one call,
/// as a CUDA graph: with the same arguments and the same memory, reading its current content. Memory
/// that the function allocates and frees on the stream stays the graph's while it lives. Move-only.
class Graph {
 public:
  /// Whether the stream's device can capture: cuda and sim. On cpu an op runs when it is called.
  static bool is_supported(const Stream& stream);

  /// Calls `issue`, whose work is not run. What is not work on a queue cannot be captured:
  /// CudaError is thrown where `issue` waits for the stream or an event, or takes device memory
  /// that is not in the stream's cache. Run the function a few times first to avoid the latter.
  /// Throws std::invalid_argument where the device cannot capture, and whatever `issue` throws.
  Graph(Stream& stream, const std::function<void()>& issue);
  ~Graph();
  Graph(Graph&& other) noexcept;
  Graph& operator=(Graph&& other) noexcept;

  /// Issues the captured work to the stream.
  void launch();

 private:
  std::unique_ptr<BackendGraph> graph_;
};

}  // namespace gradvitals
