// The upright axis of a curve: logarithmic where all values are positive or zero, with places of their
// own for zero and for what is no number. Internal.
#pragma once

#include <cstdint>
#include <string>

namespace gradvitals {

enum class AxisScale : std::uint8_t { kLogarithmic, kLinear };

class ValueAxis {
 public:
  explicit ValueAxis(AxisScale scale) : scale_(scale) {}

  /// Makes room for it: on a logarithmic axis zero gets a place beneath the numbers. Negative values need
  /// a linear one.
  void include(double value);
  /// Makes room for marks of what is no number, above the numbers.
  void include_nonfinite() { has_nonfinite_ = true; }

  bool is_logarithmic() const { return scale_ == AxisScale::kLogarithmic; }
  bool has_zero() const { return has_zero_; }
  bool has_nonfinite() const { return has_nonfinite_; }
  /// Of a finite value, within what gnuplot can count: zero has its place.
  double at(double value) const;
  /// Where zero is marked, and what is no number.
  double zero() const;
  double nonfinite() const;
  /// Of the numbers alone.
  double number_low() const { return value_at(low_); }
  double number_high() const { return value_at(high_); }
  /// What follows `set yrange`, and `set ytics` of an axis that is so high; "0" and "NaN, Inf" stand
  /// among the ticks.
  std::string range() const;
  std::string tick_list(int pixels) const;

 private:
  double position(double value) const;  ///< The exponent, where it is logarithmic.
  double value_at(double position) const;
  double strip() const { return kStrip * (high_ - low_); }
  void widen();

  static constexpr double kStrip = 0.09;

  AxisScale scale_;
  bool has_zero_ = false;
  bool has_nonfinite_ = false;
  bool has_numbers_ = false;
  double low_ = 0.0;
  double high_ = 1.0;
  double least_ = 0.0;
  double most_ = 0.0;
};

}  // namespace gradvitals
