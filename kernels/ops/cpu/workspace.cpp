#include "kernels/ops/cpu/workspace.h"

#include <cstddef>
#include <memory>
#include <new>

namespace gradvitals::cpu {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Free {
  void operator()(void* memory) const noexcept { ::operator delete(memory, kAlignment); }
};

struct Memory {
  std::unique_ptr<void, Free> data;
  std::size_t bytes = 0;
};

}  // namespace

template <class T>
T* workspace(std::int64_t count) {
  thread_local Memory memory;
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  if (bytes > memory.bytes) {
    memory.data.reset();
    memory.bytes = 0;
    memory.data.reset(::operator new(bytes, kAlignment));
    memory.bytes = bytes;
  }
  return static_cast<T*>(memory.data.get());
}

template float* workspace(std::int64_t count);
template double* workspace(std::int64_t count);

}  // namespace gradvitals::cpu
