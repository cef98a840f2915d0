// The handle, and what is done in each step.
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bindings/c/monitor_handle.h"
#include "bindings/c/status.h"
#include "bindings/c/translate.h"
#include "kernels/runtime/error.h"
#include "monitor/history/event_line.h"

namespace gradvitals::c {
namespace {

constexpr const char* kMonitor = "the gradvitals_monitor";

std::unique_ptr<gradvitals_monitor> make_monitor(const gradvitals_options* options) {
  HealthMonitor::Options chosen = options_of(options);
  const bool has_history = !chosen.history.empty();
  try {
    return std::make_unique<gradvitals_monitor>(std::move(chosen));
  } catch (const DeviceError&) {
    throw;
  } catch (const std::runtime_error& error) {
    // Of the file, whether it cannot be read or cannot be opened.
    if (has_history) throw InputError(error.what());
    throw;
  }
}

}  // namespace
}  // namespace gradvitals::c

using gradvitals::c::guarded;
using gradvitals::c::kMonitor;
using gradvitals::c::require;

extern "C" {

double gradvitals_l2_norm(const gradvitals_tensor_stats* stats) {
  if (stats == nullptr) return std::numeric_limits<double>::quiet_NaN();
  return gradvitals::c::stats_of(*stats).l2_norm();
}

gradvitals_status gradvitals_monitor_create(const gradvitals_options* options,
                                            gradvitals_monitor** monitor) {
  return guarded([&] {
    gradvitals_monitor*& out = require(monitor, "where the gradvitals_monitor goes");
    out = gradvitals::c::make_monitor(options).release();
  });
}

void gradvitals_monitor_destroy(gradvitals_monitor* monitor) {
  delete monitor;
}

gradvitals_status gradvitals_monitor_use_stream(gradvitals_monitor* monitor, int32_t device_index,
                                                void* cuda_stream) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    const auto known = handle.streams.find(device_index);
    if (known != handle.streams.end() && known->second == cuda_stream) return;
    handle.health.use_stream(
        gradvitals::Stream::wrap({gradvitals::DeviceType::kCuda, device_index}, cuda_stream));
    handle.streams[device_index] = cuda_stream;
  });
}

gradvitals_status gradvitals_monitor_watch(gradvitals_monitor* monitor,
                                           const gradvitals_tensor* tensors, int64_t count) {
  return guarded(
      [&] { require(monitor, kMonitor).health.watch(gradvitals::c::views_of(tensors, count)); });
}

gradvitals_status gradvitals_monitor_set_data(gradvitals_monitor* monitor, const void* const* data,
                                              int64_t count) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    if (count < 0) throw std::invalid_argument(fmt::format("{} pointers", count));
    if (count > 0) require(data, "data");
    handle.health.set_data(std::span(data, static_cast<std::size_t>(count)));
  });
}

gradvitals_status gradvitals_monitor_observe(gradvitals_monitor* monitor) {
  return guarded([&] { require(monitor, kMonitor).health.observe(); });
}

gradvitals_status gradvitals_monitor_observe_layers(gradvitals_monitor* monitor,
                                                    const gradvitals_tensor* layers,
                                                    int64_t count) {
  return guarded(
      [&] { require(monitor, kMonitor).health.observe(gradvitals::c::views_of(layers, count)); });
}

gradvitals_status gradvitals_monitor_stats(gradvitals_monitor* monitor,
                                           gradvitals_tensor_stats* stats, int64_t capacity) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    const std::int64_t records = handle.health.size() + 1;
    require(stats, "stats");
    if (capacity < records) {
      throw std::invalid_argument(fmt::format(
          "room for {} records, and {} tensors and all gradients together", capacity, records - 1));
    }
    handle.stats.resize(static_cast<std::size_t>(records));
    handle.health.copy_stats(handle.stats);
    for (const gradvitals::TensorStats& record : handle.stats) {
      *stats++ = gradvitals::c::stats_of(record);
    }
  });
}

gradvitals_status gradvitals_monitor_nonfinite(gradvitals_monitor* monitor, int64_t* elements) {
  return guarded([&] {
    require(elements, "elements") = require(monitor, kMonitor).health.nonfinite_elements();
  });
}

gradvitals_status gradvitals_monitor_commit(gradvitals_monitor* monitor,
                                            const gradvitals_step* step) {
  return guarded([&] { require(monitor, kMonitor).health.commit(gradvitals::c::step_of(step)); });
}

gradvitals_status gradvitals_monitor_should_skip(gradvitals_monitor* monitor, double loss_scale,
                                                 int32_t* should_skip) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    std::int32_t& out = require(should_skip, "should_skip");
    out = handle.health.should_skip(loss_scale == 0.0 ? 1.0 : loss_scale) ? 1 : 0;
  });
}

gradvitals_status gradvitals_monitor_poll(gradvitals_monitor* monitor, int32_t waits) {
  return guarded([&] { require(monitor, kMonitor).health.poll(waits != 0); });
}

gradvitals_status gradvitals_monitor_next_event(gradvitals_monitor* monitor, const char** json) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    require(json, "json") = nullptr;
    if (handle.events.empty()) {
      for (auto& event : handle.health.take_events()) handle.events.push_back(std::move(event));
    }
    if (handle.events.empty()) return;
    handle.text = gradvitals::event_line(handle.events.front());
    handle.text.pop_back();  // The line break.
    handle.events.pop_front();
    *json = handle.text.c_str();
  });
}

gradvitals_status gradvitals_monitor_steps(gradvitals_monitor* monitor, int64_t* steps) {
  return guarded([&] { require(steps, "steps") = require(monitor, kMonitor).health.steps(); });
}

gradvitals_status gradvitals_monitor_complaint(gradvitals_monitor* monitor, const char** text) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, kMonitor);
    require(text, "text") = nullptr;
    if (std::optional<std::string> complaint = handle.health.take_complaint()) {
      handle.text = std::move(*complaint);
      *text = handle.text.c_str();
    }
  });
}
}
