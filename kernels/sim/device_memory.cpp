#include "kernels/sim/device_memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {
namespace {

// As cudaMalloc's. posix_memalign adds nothing to the size, so that the first byte behind it is
// AddressSanitizer's.
constexpr std::size_t kAlignment = 256;
constexpr int kPoison = 0xFF;

/// The blocks in use. They are poisoned while nobody has access.
class Registry {
 public:
  void add(void* data, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    blocks_.emplace(data, bytes);
    if (accesses_ == 0) asan::poison(data, bytes);
  }

  void remove(void* data) {
    const std::scoped_lock lock(mutex_);
    const auto block = blocks_.find(data);
    if (block == blocks_.end()) return;
    asan::unpoison(data, block->second);
    blocks_.erase(block);
  }

  void open() {
    const std::scoped_lock lock(mutex_);
    if (accesses_++ > 0) return;
    for (const auto& [data, bytes] : blocks_) asan::unpoison(data, bytes);
  }

  void close() {
    const std::scoped_lock lock(mutex_);
    if (--accesses_ > 0) return;
    for (const auto& [data, bytes] : blocks_) asan::poison(data, bytes);
  }

 private:
  std::mutex mutex_;
  std::map<void*, std::size_t> blocks_;
  int accesses_ = 0;
};

/// Never destroyed: memory may be given back by a static object's destructor.
Registry& registry() {
  static auto& instance = *new Registry;
  return instance;
}

}  // namespace

void* allocate_device_memory(std::int64_t bytes) {
  void* data = nullptr;
  const auto size = static_cast<std::size_t>(bytes);
  if (posix_memalign(&data, kAlignment, size) != 0) throw std::bad_alloc();
  std::memset(data, kPoison, size);
  registry().add(data, size);
  return data;
}

void deallocate_device_memory(void* data) noexcept {
  registry().remove(data);
  std::free(data);
}

DeviceMemoryAccess::DeviceMemoryAccess() {
  registry().open();
}

DeviceMemoryAccess::~DeviceMemoryAccess() {
  registry().close();
}

}  // namespace gradvitals::sim
