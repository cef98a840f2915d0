#include "monitor/multi_device_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "kernels/runtime/matrix_view.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/distinct_names.h"
#include "monitor/metrics/network_split.h"

namespace gradvitals {

/// What lies on one device.
struct MultiDeviceMonitor::Part {
  explicit Part(const Stream& stream)
      : device(stream.device()), steps(stream, {.units = false}), checkups(stream) {}

  Device device;
  GradientMonitor steps;
  GradientMonitor checkups;
  std::vector<std::size_t> places;  ///< Of its views among those of all devices.
  std::vector<TensorView> views;
  std::vector<const void*> data;
  std::optional<HealthMetrics> arrived;
};

/// Metrics from one device, and the places of its tensors among those of all.
struct MultiDeviceMonitor::Arrival {
  std::vector<std::size_t> places;
  HealthMetrics metrics;
};

MultiDeviceMonitor::MultiDeviceMonitor(int threads) : threads_(threads) {
  if (threads < 0) {
    throw std::invalid_argument(fmt::format("HealthMonitor: {} threads", threads));
  }
}
MultiDeviceMonitor::~MultiDeviceMonitor() = default;
MultiDeviceMonitor::MultiDeviceMonitor(MultiDeviceMonitor&&) noexcept = default;
MultiDeviceMonitor& MultiDeviceMonitor::operator=(MultiDeviceMonitor&&) noexcept = default;

Stream MultiDeviceMonitor::stream_of(const Device& device, Streams& streams) const {
  const auto known = std::ranges::find(streams, device, &Stream::device);
  if (known != streams.end()) return *known;
  const bool has_queue = device.type != DeviceType::kCpu;
  streams.push_back(has_queue ? Stream::wrap(device, nullptr)
                              : Stream({.device = device, .threads = threads_}));
  return streams.back();
}

void MultiDeviceMonitor::use_stream(const Stream& stream) {
  Streams streams;
  for (const Stream& known : streams_) {
    if (known.device() != stream.device()) streams.push_back(known);
  }
  streams.push_back(stream);
  parts_ = parts_of(views_, streams);
  streams_ = std::move(streams);
}

MultiDeviceMonitor::Parts MultiDeviceMonitor::parts_of(std::span<const TensorView> views,
                                                       Streams& streams) const {
  Parts parts;
  for (std::size_t i = 0; i < views.size(); ++i) {
    auto part = std::ranges::find(parts, views[i].device, [](const auto& p) { return p->device; });
    if (part == parts.end()) {
      parts.push_back(std::make_unique<Part>(stream_of(views[i].device, streams)));
      part = std::prev(parts.end());
    }
    (*part)->places.push_back(i);
    (*part)->views.push_back(views[i]);
  }
  for (const auto& part : parts) {
    part->data.resize(part->views.size());
    part->steps.watch(part->views);
  }
  return parts;
}

bool MultiDeviceMonitor::is_watching(std::span<const TensorView> views) const {
  return !parts_.empty() && std::ranges::equal(views_, views, is_same_but_for_data);
}

void MultiDeviceMonitor::watch(std::span<const TensorView> views) {
  if (is_watching(views)) {
    std::vector<const void*> data(views.size());
    std::ranges::transform(views, data.begin(), &TensorView::data);
    return set_data(data);
  }
  Streams streams = streams_;
  Parts parts = parts_of(views, streams);
  std::vector<TensorView> watched(views.begin(), views.end());
  views_ = std::move(watched);
  parts_ = std::move(parts);
  streams_ = std::move(streams);
}

void MultiDeviceMonitor::set_data(std::span<const void* const> data) {
  if (data.size() != views_.size()) {
    throw std::invalid_argument(fmt::format(
        "HealthMonitor: set_data() got {} pointers for {} tensors", data.size(), views_.size()));
  }
  try {
    move_to(data);
  } catch (...) {
    // Other devices have moved already.
    std::vector<const void*> before(views_.size());
    std::ranges::transform(views_, before.begin(), &TensorView::data);
    move_to(before);
    throw;
  }
  for (const auto& part : parts_) {
    for (std::size_t i = 0; i < part->places.size(); ++i) part->views[i].data = part->data[i];
  }
  for (std::size_t i = 0; i < data.size(); ++i) views_[i].data = data[i];
}

void MultiDeviceMonitor::move_to(std::span<const void* const> data) {
  for (const auto& part : parts_) {
    for (std::size_t i = 0; i < part->places.size(); ++i) part->data[i] = data[part->places[i]];
    part->steps.set_data(part->data);
  }
}

std::string MultiDeviceMonitor::device_names() const {
  std::string names;
  for (const auto& part : parts_) {
    if (!names.empty()) names += part == parts_.back() ? " and " : ", ";
    names += name(part->device);
  }
  return names;
}

void MultiDeviceMonitor::observe() {
  for (const auto& part : parts_) part->steps.observe();
  for (const auto& part : parts_) part->steps.submit(0);
}

std::optional<HealthMetrics> MultiDeviceMonitor::receive(bool waits) {
  for (const auto& part : parts_) {
    if (!part->arrived) part->arrived = waits ? part->steps.flush() : part->steps.poll();
    if (!part->arrived) return std::nullopt;
  }
  std::vector<Arrival> arrivals;
  for (const auto& part : parts_) {
    arrivals.push_back({part->places, *std::exchange(part->arrived, std::nullopt)});
  }
  HealthMetrics metrics = joined(views_, std::move(arrivals));
  metrics.step.reset();
  return metrics;
}

HealthMetrics MultiDeviceMonitor::inspect(std::span<const TensorView> more) {
  std::vector<TensorView> views = views_;
  views.insert(views.end(), more.begin(), more.end());
  for (const TensorView& view : more) {
    const bool is_near =
        std::ranges::any_of(parts_, [&](const auto& part) { return part->device == view.device; });
    if (is_near) continue;
    throw std::invalid_argument(
        fmt::format("HealthMonitor: {} {} is on {}, where nothing is watched", name(view.role),
                    view.name, name(view.device)));
  }
  std::vector<Arrival> arrivals;
  for (const auto& part : parts_) {
    std::vector<std::size_t> places = part->places;
    std::vector<TensorView> mine = part->views;
    for (std::size_t i = views_.size(); i < views.size(); ++i) {
      if (views[i].device != part->device) continue;
      places.push_back(i);
      mine.push_back(views[i]);
    }
    arrivals.push_back({std::move(places), part->checkups.inspect(mine)});
  }
  return joined(views, std::move(arrivals));
}

/// Of several devices: in the order of `views`, placed and named anew among all of them.
HealthMetrics MultiDeviceMonitor::joined(std::span<const TensorView> views,
                                         std::vector<Arrival> arrivals) {
  if (arrivals.size() == 1) return std::move(arrivals.front().metrics);
  std::vector<TensorRecord> records(views.size());
  for (const Arrival& arrival : arrivals) {
    for (std::size_t i = 0; i < arrival.places.size(); ++i) {
      records[arrival.places[i]] = arrival.metrics.tensors[i];
    }
  }
  std::vector<Name> names = distinct_names(views);
  for (std::size_t i = 0; i < views.size(); ++i) {
    records[i].name = std::move(names[i]);
    records[i].layer = views[i].layer;
  }
  std::vector<Name> networks = place_in_networks(views, records);
  std::vector<double> norms;
  for (const TensorRecord& record : records) {
    if (has_norm(record)) norms.push_back(record.stats.ieee_norm());
  }
  HealthMetrics metrics = metrics_from_norms(std::move(norms));
  for (Arrival& arrival : arrivals) {
    std::map<int, int> network_of;  // From the numbers of the device.
    for (std::size_t i = 0; i < arrival.places.size(); ++i) {
      network_of[arrival.metrics.tensors[i].network] = records[arrival.places[i]].network;
    }
    for (LayerUnits& units : arrival.metrics.units) {
      units.network = network_of[units.network];
      metrics.units.push_back(std::move(units));
    }
  }
  std::ranges::stable_sort(metrics.units, {}, [](const LayerUnits& units) {
    return std::tuple(units.network, units.layer);
  });
  metrics.tensors = std::move(records);
  metrics.networks = std::move(networks);
  return metrics;
}

}  // namespace gradvitals
