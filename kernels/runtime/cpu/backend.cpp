#include "kernels/runtime/cpu/backend.h"

#include <fmt/format.h>

#include <cstring>
#include <thread>

#include "kernels/runtime/validate.h"

namespace gradvitals {
namespace {

/// Of a queue that is always empty.
class CpuEvent final : public BackendEvent {
 public:
  void record() override {}
  bool has_passed() const override { return true; }
  void wait() const override {}
};

}  // namespace

std::unique_ptr<BackendEvent> CpuBackend::make_event() {
  return std::make_unique<CpuEvent>();
}

std::unique_ptr<BackendGraph> CpuBackend::capture(const std::function<void()>& /*issue*/) {
  validate::fail("Graph", "device cpu runs an op when it is called, and captures none");
}

void CpuBackend::copy_to_device(const void* source, std::int64_t bytes, void* destination) {
  std::memcpy(destination, source, static_cast<std::size_t>(bytes));
}

void CpuBackend::copy_to_host(const void* source, std::int64_t bytes, void* destination) {
  std::memcpy(destination, source, static_cast<std::size_t>(bytes));
}

void CpuBackend::fill_zero(void* destination, std::int64_t bytes) {
  std::memset(destination, 0, static_cast<std::size_t>(bytes));
}

std::shared_ptr<Backend> make_cpu_backend(int threads) {
  if (threads < 0) validate::fail("Stream", fmt::format("{} threads is negative", threads));
  if (threads == 0) {
    threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  return std::make_shared<CpuBackend>(threads);
}

}  // namespace gradvitals
