#include "monitor/trajectory/robust_window.h"

#include <algorithm>
#include <cmath>

namespace gradvitals {
namespace {

// 1 / quantile(normal, 3/4)
constexpr double kDeviationOfMad = 1.4826;

void put_in(std::vector<double>& sorted, double value) {
  sorted.insert(std::ranges::upper_bound(sorted, value), value);
}

/// `value` is among them.
void take_out(std::vector<double>& sorted, double value) {
  sorted.erase(std::ranges::lower_bound(sorted, value));
}

}  // namespace

RobustWindow::RobustWindow(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
  for (std::vector<double>* const values : {&sorted_, &earlier_, &later_, &ring_}) {
    values->reserve(capacity_);
  }
}

void RobustWindow::add(double value) {
  mad_.reset();
  if (is_full()) {
    const double gone = ring_[oldest_];
    take_out(sorted_, gone);
    take_out(earlier_.empty() ? later_ : earlier_, gone);
    ring_[oldest_] = value;
    oldest_ = (oldest_ + 1) % capacity_;
  } else {
    ring_.push_back(value);
  }
  put_in(sorted_, value);
  put_in(later_, value);
  if (earlier_.size() == count() / 2) return;
  const double middle = at(earlier_.size());
  take_out(later_, middle);
  put_in(earlier_, middle);
}

void RobustWindow::clear() {
  for (std::vector<double>* const values : {&sorted_, &earlier_, &later_, &ring_}) values->clear();
  oldest_ = 0;
  mad_.reset();
}

// The distances to the median grow on both sides of it: they are merged up to the middle one.
double RobustWindow::mad() const {
  if (mad_) return *mad_;
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
  mad_ = distance;
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

std::vector<double> RobustWindow::values() const {
  std::vector<double> all;
  all.reserve(count());
  for (std::size_t i = 0; i < count(); ++i) all.push_back(at(i));
  return all;
}

}  // namespace gradvitals
