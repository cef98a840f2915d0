// RobustWindow: the last values of a series, their median and their spread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace gradvitals {

/// Finite values alone may enter: one NaN would stay for a window's length.
class RobustWindow {
 public:
  /// 1 or more values.
  explicit RobustWindow(std::size_t capacity);

  /// Takes the place of the oldest value where the window is full.
  void add(double value);
  void clear();

  std::size_t count() const { return sorted_.size(); }
  std::size_t capacity() const { return capacity_; }
  bool is_full() const { return count() == capacity_; }

  // With one value at least.

  /// Of an even count the lower one of the two in the middle.
  double median() const { return middle_of(sorted_); }
  /// 1.4826 times the median of the distances to the median: the standard deviation of normal values.
  double deviation() const;
  /// Median absolute deviation: deviation() without the factor.
  double mad() const;
  /// The same, or what stands in for it above the median where that is more: (quantile(0.95) -
  /// median) / 1.645. Losses and norms of small batches have long tails.
  double upper_deviation() const;
  /// The value that a fraction of them does not exceed, 0 to 1.
  double quantile(double fraction) const;
  double newest() const;

  /// The median of the earlier half of the values, and of the later half; of two at least.
  double earlier_median() const { return middle_of(earlier_); }
  double later_median() const { return middle_of(later_); }

  /// The oldest first: what add() takes to fill another window alike.
  std::vector<double> values() const;

 private:
  static double middle_of(const std::vector<double>& sorted) {
    return sorted[(sorted.size() - 1) / 2];
  }
  /// The value that was added `place` values after the oldest one.
  double at(std::size_t place) const { return ring_[(oldest_ + place) % ring_.size()]; }

  std::size_t capacity_;
  std::vector<double> sorted_;
  std::vector<double>
      earlier_;  ///< The first half of the values, sorted: medians are asked for every step.
  std::vector<double> later_;
  std::vector<double> ring_;
  std::size_t oldest_ = 0;
  mutable std::optional<double> mad_;  ///< Once it was asked for, until the next value.
};

}  // namespace gradvitals
