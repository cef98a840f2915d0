#include "tests/monitor/counted_memory.h"

#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace gradvitals::test {
namespace {

constinit thread_local std::int64_t counted_allocations = 0;
constinit thread_local std::int64_t counted_bytes = 0;
constinit thread_local std::int64_t released_bytes = 0;

void* counted_allocation(std::size_t bytes) noexcept {
  void* const memory = std::malloc(bytes > 0 ? bytes : 1);
  if (memory == nullptr) return nullptr;
  ++counted_allocations;
  counted_bytes += static_cast<std::int64_t>(malloc_usable_size(memory));
  return memory;
}

void* counted_allocation_or_throw(std::size_t bytes) {
  void* const memory = counted_allocation(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void counted_release(void* memory) noexcept {
  if (memory == nullptr) return;
  released_bytes += static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

std::int64_t allocation_count() {
  return counted_allocations;
}

std::int64_t allocated_bytes() {
  return counted_bytes;
}

std::int64_t live_bytes() {
  return counted_bytes - released_bytes;
}

}  // namespace gradvitals::test

// All of them: a sanitizer's own form of one would not take what another of these gave.
void* operator new(std::size_t bytes) {
  return gradvitals::test::counted_allocation_or_throw(bytes);
}
void* operator new[](std::size_t bytes) {
  return gradvitals::test::counted_allocation_or_throw(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return gradvitals::test::counted_allocation(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return gradvitals::test::counted_allocation(bytes);
}
void operator delete(void* memory) noexcept {
  gradvitals::test::counted_release(memory);
}
void operator delete[](void* memory) noexcept {
  gradvitals::test::counted_release(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  gradvitals::test::counted_release(memory);
}
void operator delete[](void* memory, std::size_t /*bytes*/) noexcept {
  gradvitals::test::counted_release(memory);
}
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  gradvitals::test::counted_release(memory);
}
void operator delete[](void* memory, const std::nothrow_t& /*tag*/) noexcept {
  gradvitals::test::counted_release(memory);
}
