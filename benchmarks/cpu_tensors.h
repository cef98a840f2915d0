// One case's tensors in the CPU's memory, cold or warm, and who works on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/tensor_cases.h"
#include "benchmarks/tensor_memory.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"
#include "kernels/stats/view.h"

namespace gradvitals {

struct CpuCase {
  std::string shapes;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> counts = {};  ///< Elements of each tensor.
  int zero_percent = 0;
  bool is_cold = true;

  std::string name() const;
  std::int64_t bytes() const;
  bool operator==(const CpuCase&) const = default;
};

/// Bytes of the largest cache of this CPU, which its cores may share.
std::int64_t cache_bytes();

/// Cold tensors are so many copies that a cache has long lost one when its turn comes again: four
/// times the cache in all. They take turns in a shuffled order, which no prefetcher foresees.
class CpuTensors {
 public:
  explicit CpuTensors(const CpuCase& which);

  std::size_t copies() const { return views_.size(); }
  const std::vector<TensorView>& views(std::size_t copy) const { return views_[copy]; }
  /// Of the first tensor of a copy; the others stand behind it.
  const void* data(std::size_t copy) const { return views_[copy].front().data; }
  std::int64_t bytes() const { return bytes_; }
  /// Of all copies, and of those before one.
  std::int64_t all_bytes() const { return memory_.data.bytes(); }
  std::int64_t bytes_before(std::size_t copy) const {
    return static_cast<std::int64_t>(copy) * padded(bytes_);
  }
  const std::vector<std::int64_t>& counts() const { return counts_; }
  /// Of squares, of each tensor, as they should be.
  const std::vector<double>& sums() const { return memory_.sums; }

  /// Works on one copy.
  using Work = std::function<void(std::size_t copy)>;
  /// What `make` makes, which checks its results; made once a contender.
  const Work& contender(const std::string& name, const std::function<Work(CpuTensors&)>& make);
  /// The copy whose turn it is.
  std::size_t next();

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t bytes_;
  Stream stream_;
  TensorMemory memory_;
  std::vector<std::vector<TensorView>> views_;
  std::map<std::string, Work> contenders_;  // Before the memory they work on goes, they do.
  std::vector<std::size_t> order_;
  std::size_t turn_ = 0;
};

}  // namespace gradvitals
