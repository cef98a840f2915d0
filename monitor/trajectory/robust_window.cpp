#include "monitor/trajectory/robust_window.h"

#include <algorithm>
#include <cmath>

namespace gradvitals {
namespace {

// 1 / quantile(normal, 3/4)
constexpr double kDeviationOfMad = 1.4826;

}  // namespace

RobustWindow::RobustWindow(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
  sorted_.reserve(capacity_);
  ring_.reserve(capacity_);
}

void RobustWindow::add(double value) {
  if (is_full()) {
    sorted_.erase(std::ranges::lower_bound(sorted_, ring_[oldest_]));
    ring_[oldest_] = value;
    oldest_ = (oldest_ + 1) % capacity_;
  } else {
    ring_.push_back(value);
  }
  sorted_.insert(std::ranges::upper_bound(sorted_, value), value);
}

void RobustWindow::clear() {
  sorted_.clear();
  ring_.clear();
  oldest_ = 0;
}

// The distances to the median grow on both sides of it: they are merged up to the middle one.
double RobustWindow::mad() const {
  const std::size_t middle = (sorted_.size() - 1) / 2;
  const double center = sorted_[middle];
  std::size_t below = middle, above = middle + 1;  // below counts down and ends behind 0
  double distance = 0.0;
  for (std::size_t taken = 0; taken <= middle; ++taken) {
    const bool has_below = below < sorted_.size();
    const bool takes_below = has_below && (above == sorted_.size() ||
                                           center - sorted_[below] <= sorted_[above] - center);
    distance = takes_below ? center - sorted_[below--] : sorted_[above++] - center;
  }
  return distance;
}

double RobustWindow::deviation() const {
  return kDeviationOfMad * mad();
}

double RobustWindow::upper_deviation() const {
  constexpr double kTail = 0.95, kDeviationsToTail = 1.645;  // quantile(normal, 0.95)
  return std::max(deviation(), (quantile(kTail) - median()) / kDeviationsToTail);
}

double RobustWindow::quantile(double fraction) const {
  const double place = std::ceil(fraction * static_cast<double>(sorted_.size())) - 1.0;
  const double last = static_cast<double>(sorted_.size() - 1);
  return sorted_[static_cast<std::size_t>(std::clamp(place, 0.0, last))];
}

double RobustWindow::newest() const {
  return is_full() ? ring_[(oldest_ + capacity_ - 1) % capacity_] : ring_.back();
}

double RobustWindow::median_of(std::size_t first, std::size_t last) const {
  std::vector<double> part;
  part.reserve(last - first);
  for (std::size_t i = first; i < last; ++i) part.push_back(ring_[(oldest_ + i) % ring_.size()]);
  const auto middle = part.begin() + static_cast<std::ptrdiff_t>((part.size() - 1) / 2);
  std::ranges::nth_element(part, middle);
  return *middle;
}

double RobustWindow::earlier_median() const {
  return median_of(0, count() / 2);
}

double RobustWindow::later_median() const {
  return median_of(count() / 2, count());
}

std::vector<double> RobustWindow::values() const {
  std::vector<double> all;
  all.reserve(count());
  for (std::size_t i = 0; i < count(); ++i) all.push_back(ring_[(oldest_ + i) % ring_.size()]);
  return all;
}

}  // namespace gradvitals
