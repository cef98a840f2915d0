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
        plan_(stream, views),
        records_(stream, plan_.record_count() * std::int64_t{sizeof(TensorStats)}) {}

  void run() {
    auto* const out = static_cast<TensorStats*>(records_.data());
    tensor_stats(stream_, plan_, {out, plan_.record_count()});
  }

  /// What the last run found, a record a tensor; waits for it.
  std::vector<TensorStats> records() {
    std::vector<TensorStats> records(static_cast<std::size_t>(plan_.size()));
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
  TensorStatsPlan plan_;
  Buffer records_;
};

}  // namespace gradvitals
