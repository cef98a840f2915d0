#include "training/histogram_watch.h"

#include <algorithm>
#include <iterator>

namespace gradvitals {

void HistogramWatch::observe(const Tape& tape, std::int64_t step) {
  std::vector<TensorView> views = tape.gradient_views();
  std::ranges::move(model_.views(), std::back_inserter(views));
  const auto bytes = static_cast<std::int64_t>(views.size() * sizeof(ExponentHistogram));
  if (on_device_.bytes() < bytes) on_device_ = Buffer(stream_, bytes);
  received_.resize(views.size());
  exponent_histogram(
      stream_, {.views = views,
                .out = {static_cast<ExponentHistogram*>(on_device_.data()), std::ssize(views)}});
  copy_to_host(stream_, on_device_.data(), bytes, received_.data());
  histograms_.clear();
  for (std::size_t i = 0; i < views.size(); ++i) {
    histograms_.push_back({views[i].name, views[i].role, received_[i]});
  }
  step_ = step;
}

std::span<const TensorHistogram> HistogramWatch::of_step(std::int64_t step) const {
  if (step != step_) return {};
  return histograms_;
}

}  // namespace gradvitals
