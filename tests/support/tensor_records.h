// tensor_stats from views to records on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals::test {

/// A record per view, then that of all gradients among them.
inline std::vector<TensorStats> tensor_records(Stream& stream, const TensorStatsTable& table,
                                               Buffer& workspace) {
  const std::int64_t bytes = table.record_count() * std::int64_t{sizeof(TensorStats)};
  const Buffer out(stream, bytes);
  // A step writes over the records of the one before.
  std::vector<TensorStats> records(static_cast<std::size_t>(table.record_count()),
                                   TensorStats{.count = -1, .zero_count = 99});
  copy_to_device(stream, records.data(), bytes, out.data());
  tensor_stats(stream, table, {static_cast<TensorStats*>(out.data()), table.record_count()},
               workspace);
  copy_to_host(stream, out.data(), bytes, records.data());
  return records;
}

inline std::vector<TensorStats> tensor_records(Stream& stream, std::span<const TensorView> views) {
  const TensorStatsTable table(stream, views);
  Buffer workspace(stream, table.workspace_bytes());
  return tensor_records(stream, table, workspace);
}

}  // namespace gradvitals::test
