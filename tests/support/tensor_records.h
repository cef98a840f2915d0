// tensor_stats from views to records on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"

namespace gradvitals::test {

/// A record per view, then that of all gradients among them.
inline std::vector<TensorStats> tensor_records(Stream& stream, TensorStatsPlan& plan) {
  const std::int64_t bytes = plan.record_count() * std::int64_t{sizeof(TensorStats)};
  const Buffer out(stream, bytes);
  // A step writes over the records of the one before.
  std::vector<TensorStats> records(static_cast<std::size_t>(plan.record_count()),
                                   TensorStats{.count = -1, .zero_count = 99});
  copy_to_device(stream, records.data(), bytes, out.data());
  tensor_stats(stream, plan, {static_cast<TensorStats*>(out.data()), plan.record_count()});
  copy_to_host(stream, out.data(), bytes, records.data());
  return records;
}

inline std::vector<TensorStats> tensor_records(Stream& stream, std::span<const TensorView> views) {
  TensorStatsPlan plan(stream, views);
  return tensor_records(stream, plan);
}

}  // namespace gradvitals::test
