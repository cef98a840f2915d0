// The call of tensor_stats that is measured, on any device.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/tensor_stats.h"
#include "kernels/stats/view.h"

namespace gradvitals {

/// Everything that a step keeps from the one before. The tensors must outlive it.
class StatsRun {
 public:
  StatsRun(Stream& stream, std::span<const TensorView> views)
      : stream_(stream),
        table_(stream, views),
        workspace_(stream, table_.workspace_bytes()),
        records_(stream, table_.record_count() * std::int64_t{sizeof(TensorStats)}) {}

  void run() {
    auto* const out = static_cast<TensorStats*>(records_.data());
    tensor_stats(stream_, table_, {out, table_.record_count()}, workspace_);
  }

  /// What the last run found, a record a tensor; waits for it.
  std::vector<TensorStats> records() {
    std::vector<TensorStats> records(static_cast<std::size_t>(table_.size()));
    copy_to_host(stream_, records_.data(), std::ssize(records) * std::int64_t{sizeof(TensorStats)},
                 records.data());
    return records;
  }

  std::vector<double> sums_of_squares() {
    std::vector<double> sums;
    for (const TensorStats& record : records()) sums.push_back(record.sum_squares);
    return sums;
  }

 private:
  Stream stream_;
  TensorStatsTable table_;
  Buffer workspace_;
  Buffer records_;
};

}  // namespace gradvitals
