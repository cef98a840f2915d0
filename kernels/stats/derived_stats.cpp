// What follows from a record. A file of its own: readers of recorded statistics need no kernels.
#include <cmath>
#include <limits>

#include "kernels/stats/tensor_stats.h"

namespace gradvitals {
namespace {

double scaled_back(double value, std::int32_t scale_exponent) {
  return scale_exponent == 0 ? value : std::ldexp(value, scale_exponent);
}

}  // namespace

double TensorStats::l2_norm() const {
  return scaled_back(std::sqrt(sum_squares), scale_exponent);
}

double TensorStats::rms() const {
  if (finite_count() == 0) return 0.0;
  return scaled_back(std::sqrt(sum_squares / static_cast<double>(finite_count())), scale_exponent);
}

double TensorStats::mean() const {
  return finite_count() > 0 ? sum / static_cast<double>(finite_count()) : 0.0;
}

double TensorStats::ieee_norm() const {
  if (nan_count > 0) return std::numeric_limits<double>::quiet_NaN();
  if (inf_count > 0) return std::numeric_limits<double>::infinity();
  return l2_norm();
}

}  // namespace gradvitals
