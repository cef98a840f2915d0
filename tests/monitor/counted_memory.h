// What the calling thread takes of operator new: the whole test program's is counted, in sanitizer
// builds as in others.
#pragma once

#include <cstdint>

namespace gradvitals::test {

/// Allocations so far.
std::int64_t allocation_count();

/// Bytes of all of them, freed or not, as the allocator rounds them.
std::int64_t allocated_bytes();

/// Bytes that were allocated and not freed. Of a thread that frees what
/// others allocated it is too little.
std::int64_t live_bytes();

}  // namespace gradvitals::test
