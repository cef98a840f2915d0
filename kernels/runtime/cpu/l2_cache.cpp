#include "kernels/runtime/cpu/l2_cache.h"

#include <unistd.h>

#include <algorithm>

namespace gradvitals::cpu {

std::int64_t l2_cache_bytes() {
  std::int64_t bytes = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE  // glibc alone has it.
  bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  constexpr std::int64_t kUsual = 512 << 10;
  return bytes <= 0 ? kUsual : std::clamp<std::int64_t>(bytes, 256 << 10, 2 << 20);
}

}  // namespace gradvitals::cpu
