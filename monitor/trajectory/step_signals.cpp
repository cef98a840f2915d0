#include "monitor/trajectory/step_signals.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/parameter_name.h"

namespace gradvitals {
namespace {

/// Light steps, check-ups, and one of each before a change of the model.
constexpr std::size_t kMostLayouts = 4;

/// The layout holds for these metrics: the same tensors in the same order. Names that were made once
/// compare by address.
template <class Layout>
bool fits(const Layout& layout, const std::vector<TensorRecord>& tensors) {
  if (layout.names.size() != tensors.size()) return false;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (layout.roles[i] != tensors[i].role || layout.names[i] != tensors[i].name) return false;
  }
  return true;
}

bool has_nonfinite(const HealthMetrics& metrics) {
  if (metrics.loss && !std::isfinite(*metrics.loss)) return true;
  // What check-ups alone see (activations, deltas) is theirs to judge.
  const auto is_broken = [](const TensorRecord& tensor) {
    const bool is_of_every_step = tensor.role != Role::kPreActivation &&
                                  tensor.role != Role::kOutput && tensor.role != Role::kDelta;
    return is_of_every_step && tensor.stats.nonfinite_count() > 0;
  };
  const auto is_no_number = [](double norm) { return !std::isfinite(norm); };
  return std::ranges::any_of(metrics.tensors, is_broken) ||
         std::ranges::any_of(metrics.gradient_norms, is_no_number);
}

/// Of what the optimizer moved: the tensor's own norm, or the one number that stands for it.
double norm_of_update(const TensorRecord& tensor) {
  return tensor.role == Role::kUpdate ? tensor.stats.l2_norm()
                                      : std::sqrt(std::max(tensor.stats.sum, 0.0));
}

}  // namespace

std::optional<double> ParameterSignal::update_to_weight_ratio() const {
  if (!update_norm || !weight_norm || !(*weight_norm > 0.0)) return std::nullopt;
  return *update_norm / *weight_norm;
}

const SignalReader::Layout& SignalReader::layout_of(const HealthMetrics& metrics) {
  const auto known = std::ranges::find_if(
      layouts_, [&metrics](const Layout& layout) { return fits(layout, metrics.tensors); });
  if (known != layouts_.end()) {
    std::rotate(layouts_.begin(), known, known + 1);
    return layouts_.front();
  }
  Layout layout;
  std::unordered_map<std::string_view, std::size_t> parameters;
  for (std::size_t i = 0; i < metrics.tensors.size(); ++i) {
    const TensorRecord& tensor = metrics.tensors[i];
    layout.names.push_back(tensor.name);
    layout.roles.push_back(tensor.role);
    if (tensor.role != Role::kGradient) continue;
    if (parameters.try_emplace(tensor.name, layout.parameters.size()).second) {
      layout.parameters.push_back({.gradient = i});
    }
  }
  for (std::size_t i = 0; i < metrics.tensors.size(); ++i) {
    const auto parameter = parameters.find(metrics.tensors[i].name);
    if (parameter == parameters.end()) continue;
    Places& places = layout.parameters[parameter->second];
    const Role role = metrics.tensors[i].role;
    if (role == Role::kWeight) places.weight = i;
    if (role == Role::kUpdate || role == Role::kUpdateSquares) places.update = i;
  }
  if (layouts_.size() == kMostLayouts) layouts_.pop_back();
  return *layouts_.insert(layouts_.begin(), std::move(layout));
}

void SignalReader::read_tensors(const HealthMetrics& metrics) {
  const Layout& layout = layout_of(metrics);
  signals_.parameters.resize(layout.parameters.size());
  for (std::size_t i = 0; i < layout.parameters.size(); ++i) {
    const Places& places = layout.parameters[i];
    const TensorRecord& gradient = metrics.tensors[places.gradient];
    ParameterSignal& parameter = signals_.parameters[i];
    parameter.name = gradient.name;
    parameter.layer = gradient.layer;
    parameter.network = gradient.network;
    parameter.is_kernel = gradient.rank > 1;
    parameter.has_gradient = has_norm(gradient);
    parameter.gradient_norm = gradient.stats.l2_norm();
    parameter.weight_norm.reset();
    parameter.update_norm.reset();
    if (places.weight != kNowhere && metrics.tensors[places.weight].exists) {
      parameter.weight_norm = metrics.tensors[places.weight].stats.l2_norm();
    }
    if (places.update != kNowhere && metrics.tensors[places.update].exists) {
      parameter.update_norm = norm_of_update(metrics.tensors[places.update]);
    }
    signals_.has_gradients |= parameter.has_gradient;
  }
}

/// Of metrics without tensors: norms, and what their names say.
void SignalReader::read_norms(const HealthMetrics& metrics) {
  signals_.parameters.resize(metrics.gradient_norms.size());
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    ParameterSignal& parameter = signals_.parameters[i];
    parameter = {};
    parameter.name =
        i < metrics.gradient_names.size() ? metrics.gradient_names[i] : Name(norm_name(metrics, i));
    parameter.is_kernel = says_kernel(parameter.name);
    parameter.has_gradient = true;
    parameter.gradient_norm = metrics.gradient_norms[i];
    signals_.has_gradients = true;
  }
}

const StepSignals& SignalReader::read(const HealthMetrics& metrics, std::int64_t step) {
  signals_.step = metrics.step.value_or(step);
  signals_.is_finite = !has_nonfinite(metrics);
  signals_.loss =
      metrics.loss && std::isfinite(*metrics.loss) ? metrics.loss : std::optional<double>();
  signals_.has_gradients = false;
  if (metrics.tensors.empty()) {
    read_norms(metrics);
  } else {
    read_tensors(metrics);
  }
  signals_.global_norm = global_norm(metrics);
  return signals_;
}

}  // namespace gradvitals
