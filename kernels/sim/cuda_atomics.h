// CUDA's atomics and fences. Atomics are relaxed, as on a GPU: what orders other memory is the
// fence.
#pragma once

#include <atomic>
#include <concepts>

#include "kernels/sim/engine.h"

// NOLINTBEGIN(readability-identifier-naming)
namespace gradvitals::sim {

/// The integers that CUDA's atomics take: unsigned long, which std::uint64_t is, is none of them.
template <class T>
concept AtomicInteger =
    std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;
template <class T>
concept AtomicNumber = AtomicInteger<T> || std::same_as<T, float> || std::same_as<T, double>;

/// Replaces *address by change(*address) and returns what was there.
template <class T, class Change>
T exchange_atomically(T* address, Change change) {
  const std::atomic_ref<T> target(*address);
  T old = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(old, change(old), std::memory_order_relaxed)) {
  }
  return old;
}

template <AtomicNumber T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return old + value; });
}
template <AtomicInteger T>
T atomicSub(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return old - value; });
}
template <AtomicInteger T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return value < old ? value : old; });
}
template <AtomicInteger T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return old < value ? value : old; });
}
template <AtomicInteger T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return old & value; });
}
template <AtomicInteger T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T old) { return old | value; });
}
template <AtomicInteger T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return exchange_atomically(address, [=](T old) { return old == expected ? value : old; });
}
template <class T>
requires AtomicInteger<T> || std::same_as<T, float> T atomicExch(T* address,
                                                                 std::type_identity_t<T> value) {
  return exchange_atomically(address, [value](T) { return value; });
}
/// Counts 0, 1, ... limit, 0, ...
inline unsigned atomicInc(unsigned* address, unsigned limit) {
  return exchange_atomically(address, [limit](unsigned old) { return old >= limit ? 0 : old + 1; });
}

inline void __threadfence() {
  memory_fence();
}
inline void __threadfence_block() {
  memory_fence();
}

}  // namespace gradvitals::sim
// NOLINTEND(readability-identifier-naming)
