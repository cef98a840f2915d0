// The queue, memory and copies of GpuBackend. Launches no kernel.
#include "kernels/cuda/backend.h"

namespace gradvitals::GPU_NAMESPACE {
namespace {

/// What may wait unused: a twentieth of the smallest GPU this is built for (80 GB), 16 times what
/// the cpu device keeps.
constexpr std::int64_t kMaxCachedBytes = std::int64_t{4} << 30;

constexpr std::int64_t kGridSumBytes = kGridSumBlocks * static_cast<std::int64_t>(sizeof(double)) +
                                       static_cast<std::int64_t>(sizeof(unsigned));

class GpuMemory final : public MemorySource {
 public:
  void* take(std::int64_t bytes) override { return gpu::allocate(bytes); }
  void give_back(void* block, std::int64_t) noexcept override { gpu::deallocate(block); }
};

}  // namespace

GpuBackend::GpuBackend(DeviceType device)
    : device_(device),
      queue_(gpu::create_queue()),
      memory_(std::make_unique<GpuMemory>(), kMaxCachedBytes) {
  grid_sum_.partial = static_cast<double*>(memory_.allocate(kGridSumBytes));
  grid_sum_.ticket = reinterpret_cast<unsigned*>(grid_sum_.partial + kGridSumBlocks);
  gpu::zero_async(grid_sum_.ticket, sizeof(unsigned), queue_);
}

GpuBackend::~GpuBackend() {
  memory_.deallocate(grid_sum_.partial, kGridSumBytes);
  gpu::destroy_queue(queue_);
}

void GpuBackend::synchronize() {
  gpu::synchronize(queue_);
}

void GpuBackend::copy_to_device(const void* source, std::int64_t bytes, void* destination) {
  gpu::copy_async(destination, source, bytes, queue_);
  gpu::synchronize(queue_);  // The source may be pinned, and is the caller's again on return.
}

void GpuBackend::copy_to_host(const void* source, std::int64_t bytes, void* destination) {
  gpu::copy_async(destination, source, bytes, queue_);
  gpu::synchronize(queue_);
}

void GpuBackend::fill_zero(void* destination, std::int64_t bytes) {
  gpu::zero_async(destination, bytes, queue_);
}

std::shared_ptr<Backend> make_backend(DeviceType device) {
  return std::make_shared<GpuBackend>(device);
}

}  // namespace gradvitals::GPU_NAMESPACE
