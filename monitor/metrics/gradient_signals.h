// Signals that take two gradients: the cosine of successive ones, and the gradient noise scale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/stats/tensor_dots.h"

namespace gradvitals {

/// Of one step. Empty is what was not asked for, is not known yet, or is not defined; never NaN.
struct GradientSignals {
  /// Of the gradients of this step and of the step before, all tensors together.
  std::optional<double> cosine{};
  /// The same of each tensor, in the order of the gradients; no elements where not asked for.
  std::vector<std::optional<double>> tensor_cosines{};
  /// NoiseScale::value() after the last check-up, in samples.
  std::optional<double> noise_scale{};
};

/// <x, y> / (|x| |y|), within [-1, 1]: 1 where both point the same way, 0 where they are orthogonal.
/// Empty where one of them is zero, not finite, or has squares that float64 cannot hold.
std::optional<double> cosine_of(const TensorDots& pair);

/// Of all pairs together: the x of each one behind the other, and the y.
TensorDots sum_of_dots(std::span<const TensorDots> pairs);

/// What the gradients of the two halves of one batch say of the gradient G of all data, and of the
/// covariance Sigma of the gradients of single samples. Both are unbiased, and a single one says
/// little: either may be below 0.
struct NoiseEstimate {
  double gradient_square = 0.0;   ///< Of |G|^2.
  double covariance_trace = 0.0;  ///< Of tr(Sigma).
};

/// Of the gradients x and y of the means of the loss over two halves of `batch` samples together, which
/// is even and 2 or more. McCandlish, Kaplan, Amodei: "An empirical model of large-batch training",
/// 2018, arXiv:1812.06162, appendix A.1, with B_small = batch / 2, the mean of |x|^2 and |y|^2 for
/// |G_small|^2, B_big = batch, and |(x + y) / 2|^2 for |G_big|^2. Put in, these leave
///   |G|^2 = <x, y>   and   tr(Sigma) = batch / 4 * |x - y|^2.
/// Empty where a gradient is not finite. Throws std::invalid_argument for another batch.
std::optional<NoiseEstimate> noise_estimate(const TensorDots& halves, std::int64_t batch);

/// The simple noise scale tr(Sigma) / |G|^2: far smaller batches lose nothing by being small, far
/// larger ones gain nothing by being large. The mean of ratios would be biased: as the paper does, two
/// exponential moving averages are kept, and their ratio is taken.
class NoiseScale {
 public:
  /// Weight of the averages so far when an estimate is added. Ten estimates count: a hundred steps, where a
  /// check-up is made every ten. The paper leaves it open.
  static constexpr double kDecay = 0.9;

  void add(const NoiseEstimate& estimate);
  /// In samples. Empty before the first estimate, and where the averages do not show a gradient: that of
  /// |G|^2 is not above 0, as happens where noise hides it.
  std::optional<double> value() const;
  std::int64_t estimates() const { return estimates_; }

 private:
  NoiseEstimate sum_{};  ///< Both averages times one factor, which their ratio does not show.
  std::int64_t estimates_ = 0;
};

/// What a noise scale means for the batch: one sentence, without a full stop. A batch of B samples makes
/// 1 / (1 + scale / B) of the progress that a step on all data would (equation 2.7 of the paper): below a
/// quarter of the scale, less than a fifth of it; above four times the scale, more than four fifths.
std::string batch_advice(double noise_scale, std::int64_t batch);

}  // namespace gradvitals
