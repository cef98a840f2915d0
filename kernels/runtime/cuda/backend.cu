// The queue, memory and copies of GpuBackend. A block returns to the cache while kernels that use it may
// still wait in the queue. Under nvcc and g++ alike; cpu/backend.cpp is the same for device cpu.
#include "kernels/runtime/cuda/backend.h"

#include "kernels/runtime/error.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

/// What may wait unused: a twentieth of an H100's 80 GB, 16 times what the cpu device keeps. Where
/// memory runs out, all of it goes back.
constexpr std::int64_t kMaxCachedBytes = std::int64_t{4} << 30;

constexpr std::int64_t kGridSumBytes = kGridSumBlocks * static_cast<std::int64_t>(sizeof(double)) +
                                       static_cast<std::int64_t>(sizeof(unsigned));

/// Synchronises without throwing: the error is reported by the next call on the queue.
void finish(gpu::Queue queue) noexcept {
  try {
    gpu::synchronize(queue);
  } catch (const DeviceError&) {
  }
}

class GpuEvent final : public BackendEvent {
 public:
  explicit GpuEvent(std::shared_ptr<GpuBackend> backend) : backend_(std::move(backend)) {
    const GpuBackend::Scope scope(*backend_);
    event_ = gpu::create_event();
  }
  ~GpuEvent() override { gpu::destroy_event(event_); }
  GpuEvent(const GpuEvent&) = delete;
  GpuEvent& operator=(const GpuEvent&) = delete;

  void record() override {
    const GpuBackend::Scope scope(*backend_);
    gpu::record(event_, backend_->queue());
  }
  bool has_passed() const override { return gpu::has_passed(event_); }
  void wait() const override { gpu::wait(event_); }

 private:
  std::shared_ptr<GpuBackend> backend_;  // It owns the queue.
  gpu::Event event_{};
};

class GpuMemory final : public MemorySource {
 public:
  void* take(std::int64_t bytes) override { return gpu::allocate(bytes); }
  void give_back(void* block, std::int64_t) noexcept override { gpu::deallocate(block); }
  void cached(void* block, std::int64_t) noexcept override { gpu::poison(block); }
  void reused(void* block, std::int64_t) noexcept override { gpu::unpoison(block); }
};

}  // namespace

/// A captured graph, and the hold on the memory that it runs on.
class GpuGraph final : public BackendGraph {
 public:
  GpuGraph(std::shared_ptr<GpuBackend> backend, const std::function<void()>& issue)
      : backend_(std::move(backend)) {
    const GpuBackend::Scope scope(*backend_);
    gpu::begin_capture(backend_->queue_);  // It refuses a capture within a capture.
    hold_ = backend_->memory_.begin_hold();
    try {
      issue();
      graph_ = gpu::end_capture(backend_->queue_);
    } catch (...) {
      gpu::abandon_capture(backend_->queue_);
      backend_->memory_.end_hold();
      backend_->memory_.release_hold(hold_);
      throw;
    }
    backend_->memory_.end_hold();
  }
  ~GpuGraph() override {
    gpu::destroy_graph(graph_);
    backend_->memory_.release_hold(hold_);
  }
  GpuGraph(const GpuGraph&) = delete;
  GpuGraph& operator=(const GpuGraph&) = delete;

  void launch() override {
    const GpuBackend::Scope scope(*backend_);
    gpu::launch_graph(graph_, backend_->queue_);
  }

 private:
  std::shared_ptr<GpuBackend> backend_;
  int hold_ = 0;
  gpu::Graph graph_ = {};
};

GpuBackend::HeldQueue::HeldQueue(int index, std::optional<gpu::Queue> native)
    : index_(index), is_owned_(!native) {
  const gpu::DeviceScope scope(index_);
  queue_ = native ? *native : gpu::create_queue();
}

GpuBackend::HeldQueue::~HeldQueue() {
  if (is_owned_) gpu::destroy_queue(queue_);
}

GpuBackend::GpuBackend(int index, std::optional<gpu::Queue> native)
    : index_(index),
      held_queue_(index, native),
      queue_(held_queue_.queue()),
      memory_(std::make_unique<GpuMemory>(), kMaxCachedBytes) {
  const Scope scope(*this);
  grid_sum_.partial = static_cast<double*>(memory_.allocate(kGridSumBytes));
  grid_sum_.ticket = reinterpret_cast<unsigned*>(grid_sum_.partial + kGridSumBlocks);
  gpu::zero_async(grid_sum_.ticket, sizeof(unsigned), queue_);
}

GpuBackend::~GpuBackend() {
  const Scope scope(*this);
  finish(queue_);    // Kernels may still run on the memory that goes now.
  destroy_states();  // They work on the queue.
  memory_.deallocate(grid_sum_.partial, kGridSumBytes);
}

void* GpuBackend::allocate(std::int64_t bytes) {
  const Scope scope(*this);
  return memory_.allocate(bytes);
}

void GpuBackend::deallocate(void* data, std::int64_t bytes) noexcept {
  memory_.deallocate(data, bytes);
}

void* GpuBackend::allocate_host(std::int64_t bytes) {
  const Scope scope(*this);
  return gpu::allocate_pinned(bytes);
}

void GpuBackend::deallocate_host(void* data, std::int64_t) noexcept {
  finish(queue_);  // A copy to it may be under way.
  gpu::deallocate_pinned(data);
}

void GpuBackend::synchronize() {
  const Scope scope(*this);
  gpu::synchronize(queue_);
}

std::unique_ptr<BackendEvent> GpuBackend::make_event() {
  return std::make_unique<GpuEvent>(shared_from_this());
}

std::unique_ptr<BackendGraph> GpuBackend::capture(const std::function<void()>& issue) {
  return std::make_unique<GpuGraph>(shared_from_this(), issue);
}

void GpuBackend::copy_to_device(const void* source, std::int64_t bytes, void* destination) {
  const Scope scope(*this);
  gpu::copy_async(destination, source, bytes, queue_);
  gpu::synchronize(queue_);  // The source may be pinned, and is the caller's again on return.
}

void GpuBackend::copy_to_host(const void* source, std::int64_t bytes, void* destination) {
  const Scope scope(*this);
  gpu::copy_async(destination, source, bytes, queue_);
  gpu::synchronize(queue_);
}

void GpuBackend::copy_to_host_async(const void* source, std::int64_t bytes, void* destination) {
  const Scope scope(*this);
  gpu::copy_async(destination, source, bytes, queue_);
}

void GpuBackend::fill_zero(void* destination, std::int64_t bytes) {
  const Scope scope(*this);
  gpu::zero_async(destination, bytes, queue_);
}

}  // namespace gradvitals::GPU_NAMESPACE
