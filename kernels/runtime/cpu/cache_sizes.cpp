#include "kernels/runtime/cpu/cache_sizes.h"

#include <unistd.h>

namespace gradvitals::cpu {
namespace {

std::int64_t known_or(std::int64_t size, std::int64_t otherwise) {
  return size > 0 ? size : otherwise;
}

}  // namespace

CacheSizes cache_sizes() {
  CacheSizes sizes;
#ifdef _SC_LEVEL2_CACHE_SIZE  // glibc alone has it.
  sizes.l2 = known_or(sysconf(_SC_LEVEL2_CACHE_SIZE), sizes.l2);
#endif
  return sizes;
}

}  // namespace gradvitals::cpu
