#include "monitor/metrics/slice_summary.h"

#include <algorithm>
#include <cmath>
#include <compare>

namespace gradvitals {
namespace {

using Records = std::span<const SliceRecord>;

bool has_slices(const TensorView& view) {
  const bool is_parameter = view.role == Role::kGradient || view.role == Role::kWeight;
  return is_parameter && view.data != nullptr && view.rank >= 2 && view.count > 1 &&
         view.unit_axis != UnitAxis::kUnknown;
}

void find_top(Records slices, SliceSummary& summary) {
  double total = 0.0;
  for (const SliceRecord& slice : slices) total += slice.sum_squares;
  if (!(total > 0.0) || !std::isfinite(total)) return;
  const auto top = std::ranges::max_element(slices, {}, &SliceRecord::sum_squares);
  summary.top_index = top - slices.begin();
  summary.top_share = top->sum_squares / total;
}

bool can_be_twin(const SliceRecord& slice) {
  return slice.nonfinite_count == 0 && slice.nonzero_count >= 2;
}

/// Sorts slices that are equal together, in their order.
struct TwinKey {
  std::uint64_t fingerprint;
  std::int64_t nonzero_count;
  std::int64_t index;

  auto operator<=>(const TwinKey&) const = default;
  bool is_twin_of(const TwinKey& other) const {
    return fingerprint == other.fingerprint && nonzero_count == other.nonzero_count;
  }
};

void find_twins(Records slices, SliceSummary& summary) {
  std::vector<TwinKey> keys;
  keys.reserve(slices.size());
  for (const SliceRecord& slice : slices) {
    if (!can_be_twin(slice)) continue;
    keys.push_back({slice.fingerprint, slice.nonzero_count, &slice - slices.data()});
  }
  std::ranges::sort(keys);
  for (auto first = keys.begin(); first != keys.end();) {
    const auto end = std::find_if(first, keys.end(),
                                  [first](const TwinKey& key) { return !key.is_twin_of(*first); });
    const std::int64_t size = end - first;
    if (size > 1) {
      summary.twin_count += size;
      // Of groups of equal size, the first in the matrix: the order of fingerprints is arbitrary.
      const bool is_largest =
          size > summary.largest_twin_group ||
          (size == summary.largest_twin_group && first->index < summary.first_twin);
      if (is_largest) {
        summary.largest_twin_group = size;
        summary.first_twin = first->index;
        summary.second_twin = (first + 1)->index;
      }
    }
    first = end;
  }
}

}  // namespace

SliceSummary summary_of(std::span<const SliceRecord> slices) {
  SliceSummary summary;
  summary.count = std::ssize(slices);
  summary.zero_count = std::ranges::count_if(slices, [](const SliceRecord& slice) {
    return slice.nonzero_count == 0 && slice.nonfinite_count == 0;
  });
  find_top(slices, summary);
  find_twins(slices, summary);
  return summary;
}

std::vector<KernelSlices> kernel_slices(Stream& stream, std::span<const TensorView> views,
                                        Buffer& workspace) {
  std::int64_t total = 0;
  for (const TensorView& view : views) total += has_slices(view) ? view.rows + view.cols : 0;
  if (total == 0) return {};
  const auto bytes = total * static_cast<std::int64_t>(sizeof(SliceRecord));
  if (workspace.bytes() < bytes) workspace = Buffer(stream, bytes);
  // All launches before the one synchronisation.
  auto* next = static_cast<SliceRecord*>(workspace.data());
  for (const TensorView& view : views) {
    if (!has_slices(view)) continue;
    slice_stats(stream,
                {.view = view, .rows = {next, view.rows}, .cols = {next + view.rows, view.cols}});
    next += view.rows + view.cols;
  }
  std::vector<SliceRecord> records(static_cast<std::size_t>(total));
  copy_to_host(stream, workspace.data(), bytes, records.data());
  Records rest = records;
  std::vector<KernelSlices> summaries;
  summaries.reserve(static_cast<std::size_t>(std::ranges::count_if(views, has_slices)));
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (!has_slices(views[i])) continue;
    const auto rows = static_cast<std::size_t>(views[i].rows);
    const auto cols = static_cast<std::size_t>(views[i].cols);
    KernelSlices& slices = summaries.emplace_back();
    slices.view = i;
    slices.units = summary_of(rest.first(rows));
    slices.inputs = summary_of(rest.subspan(rows, cols));
    if (views[i].unit_axis == UnitAxis::kCols) std::swap(slices.units, slices.inputs);
    rest = rest.subspan(rows + cols);
  }
  return summaries;
}

}  // namespace gradvitals
