// exponent_histogram: how the elements of tensors are spread over powers of two, for check-ups.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals {

class Stream;

/// Of one tensor: how many of its elements have which exponent floor(log2 |x|), two to a bin.
///
/// Bin 0 is everything below 2^-44, bin i the magnitudes in [2^(2i - 46), 2^(2i - 44)), and the
/// last one everything from 2^16 on. So the bins have float16's limits among their edges: 2^16,
/// which it cannot hold, 2^-14, below which it loses digits, and 2^-24, below which it has nothing
/// but zero. Beneath that are six decades more, down to 6e-14: gradients that vanish are seen to go
/// there. Subnormals are where their values are. Exact.
struct ExponentHistogram {
  static constexpr int kBins = 32;
  static constexpr int kPowersPerBin = 2;
  static constexpr int kFirstExponent = -46;  ///< That bin 0 would begin with, were it as others.

  std::array<std::int64_t, kBins> bins{};  ///< Finite elements other than 0, of either sign.
  std::int64_t zero_count = 0;             ///< +0 and -0
  std::int64_t nan_count = 0;
  std::int64_t positive_inf_count = 0;
  std::int64_t negative_inf_count = 0;

  /// Bin i > 0 begins with magnitudes of 2^first_exponent(i).
  static constexpr int first_exponent(int bin) { return kFirstExponent + kPowersPerBin * bin; }
  /// Elements of the tensor.
  std::int64_t count() const;

  bool operator==(const ExponentHistogram&) const = default;
};
static_assert(sizeof(ExponentHistogram) == (ExponentHistogram::kBins + std::size_t{4}) * 8,
              "no padding: kernels write it count by count");

/// Writes the histogram of each view, in their order. A view without data is a tensor that does not
/// exist, and has no counts.
struct ExponentHistogramPass {
  std::span<const TensorView> views;  ///< Of any dtype and shape.
  VectorView<ExponentHistogram> out;  ///< (views), on the device
};

/// The same on every run, device and thread count. Allocates nothing, and waits for nothing. Throws
/// std::invalid_argument naming the view that has a negative count, is on another device than the
/// stream, not aligned to its elements, or shares memory with `out`; and where `out` has another
/// count than the views.
void exponent_histogram(Stream& stream, const ExponentHistogramPass& pass);

}  // namespace gradvitals
