#include "kernels/sim/device_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "kernels/runtime/error.h"
#include "kernels/sim/gpu_model.h"
#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {
namespace {

// As cudaMalloc's. posix_memalign adds nothing to the size, so that the first byte behind it is
// AddressSanitizer's.
constexpr std::size_t kAlignment = 256;
constexpr int kPoison = 0xFF;

/// The blocks of all streams: one GPU has one memory. AddressSanitizer lets only running kernels and
/// copies access them, and nothing access a poisoned one.
class Registry {
 public:
  void* add(std::int64_t bytes) {
    const std::scoped_lock lock(mutex_);
    const std::int64_t total = current_gpu().memory_bytes;
    if (bytes > total - used_bytes_) {
      throw OutOfMemoryError({.requested_bytes = bytes,
                              .free_bytes = std::max<std::int64_t>(total - used_bytes_, 0),
                              .total_bytes = total});
    }
    void* data = nullptr;
    const auto size = static_cast<std::size_t>(bytes);
    if (posix_memalign(&data, kAlignment, size) != 0) throw std::bad_alloc();
    std::memset(data, kPoison, size);
    blocks_.emplace(data, Block{size});
    used_bytes_ += bytes;
    if (accesses_ == 0) asan::poison(data, size);
    return data;
  }

  void remove(void* data) {
    const std::scoped_lock lock(mutex_);
    const auto block = blocks_.find(data);
    if (block == blocks_.end()) return;
    asan::unpoison(data, block->second.bytes);
    used_bytes_ -= static_cast<std::int64_t>(block->second.bytes);
    blocks_.erase(block);
    std::free(data);
  }

  void poison(void* data) {
    const std::scoped_lock lock(mutex_);
    Block& block = blocks_.at(data);
    block.is_forbidden = true;
    asan::poison(data, block.bytes);
  }

  void unpoison(void* data) {
    const std::scoped_lock lock(mutex_);
    Block& block = blocks_.at(data);
    block.is_forbidden = false;
    asan::unpoison(data, block.bytes);
    std::memset(data, kPoison, block.bytes);
    if (accesses_ == 0) asan::poison(data, block.bytes);
  }

  void open() {
    const std::scoped_lock lock(mutex_);
    if (accesses_++ > 0) return;
    for (const auto& [data, block] : blocks_) {
      if (!block.is_forbidden) asan::unpoison(data, block.bytes);
    }
  }

  void close() {
    const std::scoped_lock lock(mutex_);
    if (--accesses_ > 0) return;
    for (const auto& [data, block] : blocks_) asan::poison(data, block.bytes);
  }

 private:
  struct Block {
    std::size_t bytes = 0;
    bool is_forbidden = false;
  };

  std::mutex mutex_;
  std::map<void*, Block> blocks_;
  std::int64_t used_bytes_ = 0;
  int accesses_ = 0;
};

/// Never destroyed: memory may be given back by a static object's destructor.
Registry& registry() {
  static auto& instance = *new Registry;
  return instance;
}

}  // namespace

void* allocate_device_memory(std::int64_t bytes) {
  return registry().add(bytes);
}

void deallocate_device_memory(void* data) noexcept {
  registry().remove(data);
}

void poison_device_memory(void* data) noexcept {
  registry().poison(data);
}

void unpoison_device_memory(void* data) noexcept {
  registry().unpoison(data);
}

DeviceMemoryAccess::DeviceMemoryAccess() {
  registry().open();
}

DeviceMemoryAccess::~DeviceMemoryAccess() {
  registry().close();
}

}  // namespace gradvitals::sim
