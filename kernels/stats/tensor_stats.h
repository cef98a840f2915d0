// tensor_stats: one pass over every tensor of a plan, one record per tensor.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals {

class Stream;

/// Statistics of one tensor, from one read. Sums and extremes are over the finite elements.
/// Accuracy: sum_squares 1e-12 relative, sum 1e-12 * sum|x|, everything else exact.
struct TensorStats {
  std::int64_t count = 0;
  /// Sum of (x * 2^-scale_exponent)^2. scale_exponent is 0 but for float64 input whose squares
  /// leave float64's range, so that l2_norm() is right for every finite input.
  double sum_squares = 0.0;
  std::int32_t scale_exponent = 0;
  /// Always 0: fills the padding, since records are copied bytewise.
  std::int32_t reserved = 0;
  double sum = 0.0;      ///< Infinite only where float64 elements add up beyond float64's range.
  double max_abs = 0.0;  ///< 0 where no element is finite
  double min_abs_nonzero =
      std::numeric_limits<double>::infinity();  ///< infinity where there is none
  std::int64_t zero_count = 0;                  ///< +0 and -0
  std::int64_t subnormal_count = 0;             ///< in the stored dtype
  std::int64_t nan_count = 0;
  std::int64_t inf_count = 0;
  std::int64_t first_nonfinite_index = -1;  ///< -1 where every element is finite

  std::int64_t nonfinite_count() const { return nan_count + inf_count; }
  std::int64_t finite_count() const { return count - nonfinite_count(); }
  /// L2 norm of the finite part.
  double l2_norm() const;
  /// Root mean square of the finite part; 0 where it is empty.
  double rms() const;
  /// Of the finite part; 0 where it is empty.
  double mean() const;
  /// The norm by IEEE arithmetic: NaN with any NaN, infinity with any infinity, else l2_norm().
  double ieee_norm() const;

  bool operator==(const TensorStats&) const = default;
};
static_assert(sizeof(TensorStats) == 11 * sizeof(double), "no padding");

class TensorStatsLayout;

/// The tensors that tensor_stats() reads, and its workspace. Made once for a set of tensors, whose data
/// may then move (set_data()). The partition of the work depends on counts and dtypes alone, and so do
/// the results. Bound to one stream; used by one call at a time. Move-only.
class TensorStatsPlan {
 public:
  /// Keeps no view. Throws std::invalid_argument naming the view with a negative count, another device
  /// than the stream's, or data that is not aligned to its element size; and where, on a device other
  /// than cpu, there are more than 2^30 tensors or chunks of them, 2^43 elements.
  TensorStatsPlan(Stream& stream, std::span<const TensorView> views);
  ~TensorStatsPlan();
  TensorStatsPlan(TensorStatsPlan&&) noexcept;
  TensorStatsPlan& operator=(TensorStatsPlan&&) noexcept;

  /// Tensors.
  std::int64_t size() const;
  /// Records that tensor_stats() writes: one per tensor, then one of all gradients together.
  std::int64_t record_count() const { return size() + 1; }
  /// Elements of all tensors, those without data among them.
  std::int64_t element_count() const;

  /// Sets the data pointers of the tensors, in the order of the views: a framework may allocate new
  /// gradients in each step. Null: the tensor does not exist in this step, and its record is empty.
  /// Unchanged pointers cost a comparison, others one asynchronous copy to the device. Never waits for
  /// the device; captured work (graph.h) reads the new pointers. Throws std::invalid_argument if the
  /// number of pointers is not size(), for data that is not aligned, and for a stream that is not the
  /// plan's. Not allowed while the stream is captured.
  void set_data(Stream& stream, std::span<const void* const> data);

  /// For the kernels.
  const TensorStatsLayout& layout() const { return *layout_; }

 private:
  std::unique_ptr<TensorStatsLayout> layout_;
};

/// Writes to `out`, on the stream's device, one record per tensor of the plan, in its order, and
/// then the record of all gradients concatenated, those that do not exist included: the input of a
/// guarded update (optimizer.h). A tensor without data has the empty record. Bitwise the same on
/// every run, for every thread count and every GPU. Throws std::invalid_argument where `out` is not
/// plan.record_count() records or the stream is not the plan's.
void tensor_stats(Stream& stream, TensorStatsPlan& plan, const VectorView<TensorStats>& out);

}  // namespace gradvitals
