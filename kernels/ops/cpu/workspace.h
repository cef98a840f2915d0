// Scratch memory of a thread, kept from call to call.
#pragma once

#include <cstdint>

namespace gradvitals::cpu {

/// At least `count` elements of the calling thread, aligned to a cache line. What they hold is lost
/// at the next call. The memory grows with the largest request and is kept until the thread ends. T is
/// float or double. Throws std::bad_alloc.
template <class T>
T* workspace(std::int64_t count);

}  // namespace gradvitals::cpu
