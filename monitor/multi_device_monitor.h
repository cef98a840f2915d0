// MultiDeviceMonitor: a GradientMonitor for tensors that lie on several devices. Internal.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Metrics have the order of the views, names that are distinct among all devices, and one numbering of
/// networks.
class MultiDeviceMonitor {
 public:
  /// `threads` of the cpu device, as Stream::Options.
  explicit MultiDeviceMonitor(int threads);
  ~MultiDeviceMonitor();
  MultiDeviceMonitor(MultiDeviceMonitor&&) noexcept;
  MultiDeviceMonitor& operator=(MultiDeviceMonitor&&) noexcept;

  /// For the tensors on its device that are watched from now on, and those that are watched already. What
  /// was submitted must have been received.
  void use_stream(const Stream& stream);

  /// Whether the views differ from the watched ones in their data alone: this is then set_data(). Where
  /// not, what was submitted must have been received. After an error those watched before still are.
  bool is_watching(std::span<const TensorView> views) const;
  void watch(std::span<const TensorView> views);
  void set_data(std::span<const void* const> data);

  const std::vector<TensorView>& views() const { return views_; }
  /// "cpu", "cuda:0 and cpu": in the order of the views.
  std::string device_names() const;

  /// Observes and submits; receive() gives the metrics of the earliest, if they have arrived from every
  /// device.
  void observe();
  std::optional<HealthMetrics> receive(bool waits);

  /// Of the watched tensors and of these behind them, with units and slices.
  HealthMetrics inspect(std::span<const TensorView> more);

 private:
  struct Part;
  using Parts = std::vector<std::unique_ptr<Part>>;

  Stream stream_of(const Device& device);
  Parts parts_of(std::span<const TensorView> views);
  static HealthMetrics take_arrived(std::span<const TensorView> views, Parts& parts);

  int threads_;
  std::vector<Stream> streams_;  ///< One a device, made when it is needed.
  std::vector<TensorView> views_;
  Parts parts_;
};

}  // namespace gradvitals
