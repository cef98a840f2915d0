// A HealthMonitor on each device, and two gradients of it there.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/health_monitor.h"
#include "tests/support/devices.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {

/// A (out,in) kernel or a vector on a device, whose memory lives as long as it does.
class WatchedTensor {
 public:
  WatchedTensor(Stream& stream, std::string name, Role role, std::vector<float> values,
                std::int64_t rows = 1)
      : stream_(stream), memory_(stream_, values) {
    view_.name = Name(std::move(name));
    view_.role = role;
    view_.data = memory_.data();
    view_.count = std::ssize(values);
    view_.rows = rows;
    view_.cols = view_.count / rows;
    view_.rank = rows == 1 ? 1 : 2;
    view_.device = stream.device();
  }

  const TensorView& view() const { return view_; }
  TensorView& view() { return view_; }

 private:
  Stream stream_;
  GuardedBuffer<float> memory_;
  TensorView view_;
};

class HealthMonitorTest : public test::DeviceTest {
 protected:
  static constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

  static std::vector<float> values_of(std::int64_t count, float scale, int seed = 1) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(scale * std::sin(static_cast<float>(i * 7 + seed)));
    }
    return values;
  }

  void SetUp() override {
    DeviceTest::SetUp();
    if (IsSkipped()) return;
    kernel.emplace(stream(), "a.weight", Role::kGradient, values_of(32, 0.1F), 4);
    bias.emplace(stream(), "a.bias", Role::kGradient, values_of(4, 0.2F));
  }

  HealthMonitor monitor(HealthMonitor::Options options = {}) {
    HealthMonitor result(std::move(options));
    if (GetParam() != DeviceType::kCpu) result.use_stream(stream());
    return result;
  }

  std::vector<TensorView> views() const { return {kernel->view(), bias->view()}; }

  std::optional<WatchedTensor> kernel;
  std::optional<WatchedTensor> bias;
};

}  // namespace gradvitals::test
