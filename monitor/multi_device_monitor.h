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

/// Metrics have the order of the views, names that are distinct among all devices, and one
/// numbering of networks. After an error of use_stream(), watch(), set_data() or inspect() all is
/// as it was before.
class MultiDeviceMonitor {
 public:
  /// `threads` of the cpu device, as Stream::Options.
  explicit MultiDeviceMonitor(int threads);
  ~MultiDeviceMonitor();
  MultiDeviceMonitor(MultiDeviceMonitor&&) noexcept;
  MultiDeviceMonitor& operator=(MultiDeviceMonitor&&) noexcept;

  /// For the tensors on its device that are watched from now on, and those that are watched
  /// already. What was submitted must have been received.
  void use_stream(const Stream& stream);

  /// Whether the views differ from the watched ones in their data alone: this is then set_data().
  /// Where not, what was submitted must have been received.
  bool is_watching(std::span<const TensorView> views) const;
  void watch(std::span<const TensorView> views);
  void set_data(std::span<const void* const> data);

  const std::vector<TensorView>& views() const { return views_; }
  /// "cpu", "cuda:0 and cpu": in the order of the views.
  std::string device_names() const;

  /// Observes and submits; receive() gives the metrics of the earliest, if they have arrived from
  /// every device.
  void observe();
  std::optional<HealthMetrics> receive(bool waits);

  /// Of the watched tensors and of these behind them, with units and slices.
  HealthMetrics inspect(std::span<const TensorView> more);

 private:
  struct Part;
  struct Arrival;
  using Parts = std::vector<std::unique_ptr<Part>>;
  using Streams = std::vector<Stream>;  ///< One a device, made when it is needed.

  Stream stream_of(const Device& device, Streams& streams) const;
  Parts parts_of(std::span<const TensorView> views, Streams& streams) const;
  void move_to(std::span<const void* const> data);
  static HealthMetrics joined(std::span<const TensorView> views, std::vector<Arrival> arrivals);

  int threads_;
  Streams streams_;
  std::vector<TensorView> views_;
  Parts parts_;
};

}  // namespace gradvitals
