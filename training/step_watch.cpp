#include "training/step_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gradvitals {

StepWatch::StepWatch(Stream stream, const Sequential& model)
    : model_(model), light_(stream), thorough_(stream) {}

void StepWatch::observe(const Tape& tape, const Gradients& gradients, const Tensor& loss,
                        std::int64_t step, bool is_checkup) {
  was_checkup_ = is_checkup;
  if (!is_checkup) {
    observe_light(tape, gradients, loss);
    light_.submit(step, squares_.has_value() ? squares_.flat<double>() : VectorView<double>{});
    return;
  }
  std::vector<TensorView> views = tape.views();
  std::ranges::move(model_.views(), std::back_inserter(views));
  std::ranges::move(update_views(gradients), std::back_inserter(views));
  checkup_ = thorough_.inspect(views);
  checkup_->step = step;
}

const TensorStats* StepWatch::global_stats() const {
  return was_checkup_ ? thorough_.global_stats() : light_.global_stats();
}

void StepWatch::keep(const Updates& updates) {
  squares_ = updates.sum_squares;
}

const TensorStats& StepWatch::received_global_stats() const {
  return has_received_checkup_ ? thorough_.received_global_stats() : light_.received_global_stats();
}

std::optional<HealthMetrics> StepWatch::poll() {
  return received(light_.poll());
}

std::optional<HealthMetrics> StepWatch::flush() {
  return received(light_.flush());
}

/// A check-up comes behind the light steps before it.
std::optional<HealthMetrics> StepWatch::received(std::optional<HealthMetrics> light) {
  if (light || checkup_) has_received_checkup_ = !light;
  return light ? std::move(light) : std::exchange(checkup_, std::nullopt);
}

std::vector<TensorView> StepWatch::update_views(const Gradients& gradients) const {
  if (!squares_.has_value()) return {};
  Updates updates{.entries = {}, .sum_squares = squares_};
  for (const Gradient& gradient : gradients) {
    updates.entries.push_back({gradient.parameter, gradient.value.has_value()});
  }
  return updates.views();
}

void StepWatch::watch_light(const Tape& tape) {
  std::vector<TensorView> views = tape.gradient_views();
  views.push_back(tape.views().back());  // The loss.
  weights_.clear();
  for (TensorView& weight : model_.views()) {
    weights_.push_back(weight.data);
    views.push_back(std::move(weight));
  }
  light_.watch(views);
}

void StepWatch::observe_light(const Tape& tape, const Gradients& gradients, const Tensor& loss) {
  if (data_.empty()) watch_light(tape);
  data_.clear();
  for (const Gradient& gradient : gradients) {
    data_.push_back(gradient.value ? gradient.value->data() : nullptr);
  }
  data_.push_back(loss.data());
  data_.insert(data_.end(), weights_.begin(), weights_.end());
  light_.set_data(data_);
  light_.observe();
}

}  // namespace gradvitals
