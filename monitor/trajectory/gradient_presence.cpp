#include "monitor/trajectory/gradient_presence.h"

#include <algorithm>
#include <string_view>

namespace gradvitals {
namespace {

bool is_missing(const TensorRecord& tensor) {
  return tensor.role == Role::kGradient && !tensor.exists;
}

}  // namespace

void GradientPresence::add(const HealthMetrics& metrics, std::int64_t step) {
  step_ = step;
  if (std::ranges::none_of(metrics.tensors, is_missing)) {
    last_whole_step_ = step;
    last_steps_.clear();
    return;
  }
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || !tensor.exists) continue;
    last_steps_.insert_or_assign(tensor.name.text(), step);
  }
}

bool GradientPresence::is_paused(const TensorRecord& tensor) const {
  if (!is_missing(tensor)) return false;
  const auto known = last_steps_.find(std::string_view(tensor.name));
  const std::optional<std::int64_t> last =
      known != last_steps_.end() ? known->second : last_whole_step_;
  return last && step_ - *last <= kLongestPause;
}

std::optional<HealthMetrics> GradientPresence::without_paused(const HealthMetrics& metrics) const {
  const auto paused = [this](const TensorRecord& tensor) { return is_paused(tensor); };
  if (std::ranges::none_of(metrics.tensors, paused)) return std::nullopt;
  HealthMetrics present = metrics;
  std::erase_if(present.tensors, paused);
  return present;
}

}  // namespace gradvitals
