#include "kernels/sim/shared_memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/sim/sanitizers.h"

namespace gradvitals::sim {
namespace {

// No less than any vector type wants, and as little as keeps an array's end exact.
constexpr std::size_t kAlignment = 128;
constexpr int kPoison = 0xFF;

}  // namespace

void* SharedMemory::array(const void* key, std::size_t bytes) {
  for (const Array& array : arrays_) {
    if (array.key == key) return array.data;
  }
  // Whichever thread comes first, it has written nothing yet.
  const tsan::UnrecordedWrites unrecorded;
  void* data = nullptr;
  if (posix_memalign(&data, kAlignment, bytes) != 0) throw std::bad_alloc();
  std::memset(data, kPoison, bytes);
  arrays_.push_back({.key = key, .data = data});
  bytes_ += bytes;
  return data;
}

void SharedMemory::clear() {
  const tsan::UnrecordedWrites unrecorded;
  for (const Array& array : arrays_) std::free(array.data);
  arrays_.clear();
  bytes_ = 0;
}

}  // namespace gradvitals::sim
