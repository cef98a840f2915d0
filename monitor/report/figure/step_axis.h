// The axis of steps: whole numbers. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradvitals {

struct StepTick {
  double at;  ///< Steps after the first one of the axis.
  std::string text;
};

/// Steps are drawn by how far they are from the first one: float64, which gnuplot counts in, holds no
/// other step beside one of 1e18.
class StepAxis {
 public:
  StepAxis(std::int64_t first, std::int64_t last) : first_(first), last_(last) {}

  std::int64_t first() const { return first_; }
  std::int64_t last() const { return last_; }
  /// Of a step; one beyond an end is put there.
  double at(std::int64_t step) const;
  /// Some room at either end.
  double low() const { return -pad(); }
  double high() const { return at(last_) + pad(); }
  double span() const { return high() - low(); }
  /// Whole steps, evenly spaced, that have room on `pixels`: "100,000".
  std::vector<StepTick> ticks(int pixels) const;
  /// What follows `set xtics`.
  std::string tick_list(int pixels) const;
  /// The same where the axis beneath has the numbers.
  std::string tick_list_without_text(int pixels) const;

 private:
  double pad() const;

  std::int64_t first_;
  std::int64_t last_;
};

/// "1,234,567"
std::string grouped(std::int64_t number);

}  // namespace gradvitals
