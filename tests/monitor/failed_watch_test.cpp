// Contract: GradientMonitor::watch() that fails leaves the old list watched. Oracle: its norm.
// Tolerance: that of tensor_stats.
#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/error.h"
#include "kernels/sim/gpu_model.h"
#include "monitor/gradient_monitor.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

/// A gradient of 3 and 4, and a monitor that watches it alone, called "a".
class Watched {
 public:
  explicit Watched(Stream& stream)
      : device_(stream.device()),
        memory_(stream, std::span<const float>(kValues)),
        monitor_(stream) {
    monitor_.watch(std::vector{view("a")});
  }

  TensorView view(std::string_view name) const {
    return {
        .name = name, .data = memory_.data(), .count = 2, .rows = 1, .cols = 2, .device = device_};
  }

  GradientMonitor& monitor() { return monitor_; }

  void expect_unchanged() {
    monitor_.observe();
    monitor_.submit(0);
    const HealthMetrics metrics = monitor_.flush().value();
    ASSERT_EQ(metrics.tensors.size(), 1U);
    EXPECT_EQ(metrics.tensors[0].name, "a");
    expect_close(metrics.gradient_norms, std::vector{5.0}, kSumSquares);
  }

 private:
  inline static const std::vector<float> kValues{3, 4};

  Device device_;
  GuardedBuffer<float> memory_;
  GradientMonitor monitor_;
};

class FailedWatchTest : public DeviceTest {};

INSTANTIATE_TEST_SUITE_P(Devices, FailedWatchTest, all_devices(), device_name);

TEST_P(FailedWatchTest, ARefusedViewLeavesTheOldListWatched) {
  Watched watched(stream());
  TensorView contradiction = watched.view("contradiction");
  contradiction.rows = 7;
  TensorView askew = watched.view("askew");
  askew.data = static_cast<const char*>(askew.data) + 2;
  for (const TensorView& bad : {contradiction, askew}) {
    SCOPED_TRACE(bad.name);
    EXPECT_THROW(watched.monitor().watch(std::vector{watched.view("b"), bad}),
                 std::invalid_argument);
    watched.expect_unchanged();
  }
}

/// Whether 64 tensors can be watched with that much memory. If not, the old one is.
bool can_watch_more(std::int64_t bytes) {
  Stream stream({.device = DeviceType::kSim, .threads = 1});
  Watched watched(stream);
  std::vector<TensorView> more;
  for (int i = 0; i < 64; ++i) more.push_back(watched.view(std::to_string(i)));
  try {
    const sim::GpuScope gpu({.memory_bytes = stream.memory().taken_bytes + bytes});
    watched.monitor().watch(more);
    return true;
  } catch (const OutOfMemoryError&) {
    watched.expect_unchanged();
    return false;
  }
}

TEST(FailedWatch, MemoryThatRunsOutLeavesTheOldListWatched) {
  constexpr std::int64_t kStep = 512;  // Less than each part of the new plan takes.
  std::int64_t bytes = 0;
  while (bytes < 1024 * kStep && !can_watch_more(bytes)) bytes += kStep;
  EXPECT_GT(bytes, 10 * kStep);
  EXPECT_TRUE(can_watch_more(bytes));
}

}  // namespace
}  // namespace gradvitals::test
