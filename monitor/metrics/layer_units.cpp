#include "monitor/metrics/layer_units.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "kernels/stats/activation_stats.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kCountersPerUnit = 2;  // zero_count and saturated_count

bool is_batch_role(Role role) {
  return role == Role::kPreActivation || role == Role::kOutput;
}

/// By network, its last layer.
using Heads = std::map<int, int>;

Heads head_layers(std::span<const TensorView> views) {
  Heads heads;
  for (const TensorView& view : views) {
    if (!is_batch_role(view.role)) continue;
    int& last = heads.try_emplace(view.network, view.layer).first->second;
    last = std::max(last, view.layer);
  }
  return heads;
}

bool is_in_head(const TensorView& view, const Heads& heads) {
  const auto head = heads.find(view.network);
  return head != heads.end() && head->second == view.layer;
}

/// Whether the units of the layer are counted from this view.
bool counts_units(const TensorView& view, const Heads& heads) {
  const bool is_readable = view.dtype == DType::kFloat32 || view.dtype == DType::kFloat64;
  if (view.layer < 0 || view.data == nullptr || !is_readable) return false;
  if (can_die(view.activation)) return view.role == Role::kOutput;
  if (!can_saturate(view.activation)) return false;
  return view.role == (is_in_head(view, heads) ? Role::kOutput : Role::kPreActivation);
}

std::vector<const TensorView*> views_with_units(std::span<const TensorView> views,
                                                const Heads& heads) {
  std::vector<const TensorView*> counted;
  for (const TensorView& view : views) {
    if (counts_units(view, heads)) counted.push_back(&view);
  }
  std::ranges::stable_sort(
      counted, {}, [](const TensorView* view) { return std::pair(view->network, view->layer); });
  return counted;
}

/// The counters of all layers, one after the other: zero_count of each unit, then saturated_count.
std::vector<std::int64_t> count_units(Stream& stream, std::span<const TensorView* const> views,
                                      Buffer& workspace) {
  std::int64_t total = 0;
  for (const TensorView* view : views) total += kCountersPerUnit * view->cols;
  std::vector<std::int64_t> counters(static_cast<std::size_t>(total));
  const auto bytes = total * static_cast<std::int64_t>(sizeof(std::int64_t));
  if (workspace.bytes() < bytes) workspace = Buffer(stream, bytes);
  auto* next = static_cast<std::int64_t*>(workspace.data());
  for (const TensorView* view : views) {
    activation_stats(stream, {.view = *view,
                              .zero_count = {next, view->cols},
                              .saturated_count = {next + view->cols, view->cols}});
    next += kCountersPerUnit * view->cols;
  }
  copy_to_host(stream, workspace.data(), bytes, counters.data());
  return counters;
}

LayerUnits units_of(const TensorView& view, bool is_head, std::span<const std::int64_t> zero_count,
                    std::span<const std::int64_t> saturated_count) {
  LayerUnits units;
  units.name = scope_of(view.name);
  units.layer = view.layer;
  units.network = view.network;
  units.activation = view.activation;
  units.is_head = is_head;
  units.unit_count = view.cols;
  units.batch = view.rows;
  if (can_die(view.activation) && view.rows > 0) {
    units.dead_unit_count = std::ranges::count(zero_count, view.rows);
  }
  for (const std::int64_t count : saturated_count) units.saturated_count += count;
  return units;
}

}  // namespace

std::vector<LayerUnits> layer_units(Stream& stream, std::span<const TensorView> views,
                                    Buffer& workspace) {
  const Heads heads = head_layers(views);
  const std::vector<const TensorView*> counted = views_with_units(views, heads);
  if (counted.empty()) return {};
  const std::vector<std::int64_t> counters = count_units(stream, counted, workspace);
  std::vector<LayerUnits> layers;
  std::span<const std::int64_t> rest = counters;
  for (const TensorView* view : counted) {
    const auto units = static_cast<std::size_t>(view->cols);
    layers.push_back(
        units_of(*view, is_in_head(*view, heads), rest.first(units), rest.subspan(units, units)));
    rest = rest.subspan(2 * units);
  }
  return layers;
}

}  // namespace gradvitals
