#include "bindings/c/translate.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <string>

#include "kernels/runtime/error.h"
#include "monitor/metrics/threshold_table.h"

namespace gradvitals::c {
namespace {

// Of the first version: what a struct has after these came later.
constexpr std::size_t kTensorSize = 96;
constexpr std::size_t kOptionsSize = 56;
constexpr std::size_t kStepSize = 64;
constexpr std::size_t kStyleSize = 24;
static_assert(sizeof(gradvitals_tensor) == kTensorSize);
static_assert(sizeof(gradvitals_options) == kOptionsSize);
static_assert(sizeof(gradvitals_step) == kStepSize);
static_assert(sizeof(gradvitals_style) == kStyleSize);
static_assert(sizeof(gradvitals_tensor_stats) == sizeof(TensorStats));

template <class Enum>
constexpr bool is(Enum value, int number) {
  return static_cast<int>(value) == number;
}
static_assert(is(DType::kFloat32, GRADVITALS_FLOAT32) && is(DType::kFloat64, GRADVITALS_FLOAT64) &&
              is(DType::kFloat16, GRADVITALS_FLOAT16) && is(DType::kBFloat16, GRADVITALS_BFLOAT16));
static_assert(is(Role::kGradient, GRADVITALS_GRADIENT) && is(Role::kWeight, GRADVITALS_WEIGHT) &&
              is(Role::kPreActivation, GRADVITALS_PRE_ACTIVATION) &&
              is(Role::kOutput, GRADVITALS_OUTPUT) && is(Role::kDelta, GRADVITALS_DELTA));
static_assert(is(Activation::kNone, GRADVITALS_NO_ACTIVATION) &&
              is(Activation::kLinear, GRADVITALS_LINEAR) &&
              is(Activation::kSigmoid, GRADVITALS_SIGMOID) &&
              is(Activation::kRelu, GRADVITALS_RELU) && is(Activation::kTanh, GRADVITALS_TANH) &&
              is(Activation::kLeakyRelu, GRADVITALS_LEAKY_RELU) &&
              is(Activation::kGelu, GRADVITALS_GELU) &&
              is(Activation::kSoftplus, GRADVITALS_SOFTPLUS));
static_assert(is(UnitAxis::kUnknown, GRADVITALS_UNKNOWN_AXIS) &&
              is(UnitAxis::kRows, GRADVITALS_ROWS) && is(UnitAxis::kCols, GRADVITALS_COLS));
static_assert(is(Severity::kOk, GRADVITALS_SEVERITY_OK) &&
              is(Severity::kInfo, GRADVITALS_SEVERITY_INFO) &&
              is(Severity::kWarning, GRADVITALS_SEVERITY_WARNING) &&
              is(Severity::kCritical, GRADVITALS_SEVERITY_CRITICAL));

template <class Enum>
Enum enumerator(std::int32_t number, std::int32_t last, std::string_view what,
                std::string_view tensor) {
  if (number >= 0 && number <= last) return static_cast<Enum>(number);
  throw std::invalid_argument(
      fmt::format("tensor {}: {} is none of gradvitals_{}", tensor, number, what));
}

void require_count(std::int64_t number, std::string_view member, std::string_view tensor) {
  if (number >= 0) return;
  throw std::invalid_argument(fmt::format("tensor {}: its {} is {}", tensor, member, number));
}

TensorView view_of(const gradvitals_tensor& tensor) {
  const std::string_view name = &require(tensor.name, "the name of a tensor");
  require_count(tensor.layer, "layer", name);
  require_count(tensor.rank, "rank", name);
  require_count(tensor.channels, "channels", name);
  TensorView view;
  view.name = name;
  view.role = enumerator<Role>(tensor.role, GRADVITALS_DELTA, "role", name);
  view.layer = tensor.layer - 1;
  view.network = tensor.network;
  view.data = tensor.data;
  view.count = tensor.count;
  view.rows = tensor.rows;
  view.cols = tensor.cols;
  view.rank = tensor.rank;
  view.channels = tensor.channels;
  view.unit_axis = enumerator<UnitAxis>(tensor.unit_axis, GRADVITALS_COLS, "unit_axis", name);
  view.dtype = enumerator<DType>(tensor.dtype, GRADVITALS_BFLOAT16, "dtype", name);
  view.activation =
      enumerator<Activation>(tensor.activation, GRADVITALS_SOFTPLUS, "activation", name);
  view.device = {enumerator<DeviceType>(tensor.device, GRADVITALS_CUDA, "device", name),
                 tensor.device_index};
  return view;
}

static_assert(is(DeviceType::kCpu, GRADVITALS_CPU) && is(DeviceType::kCuda, GRADVITALS_CUDA));

Thresholds thresholds_of(const char* json) {
  if (json == nullptr) return {};
  try {
    return parse_thresholds(json, "thresholds");
  } catch (const InputError& error) {
    throw std::invalid_argument(error.what());  // An argument of the caller, and no file.
  }
}

}  // namespace

std::vector<TensorView> views_of(const gradvitals_tensor* tensors, std::int64_t count) {
  if (count < 0) throw std::invalid_argument(fmt::format("{} tensors", count));
  std::vector<TensorView> views;
  if (count == 0) return views;
  const std::size_t stride = require(tensors, "tensors").size;
  views.reserve(static_cast<std::size_t>(count));
  const auto* next = reinterpret_cast<const std::byte*>(tensors);
  for (std::int64_t i = 0; i < count; ++i, next += stride) {
    const auto& given = *reinterpret_cast<const gradvitals_tensor*>(next);
    if (given.size != stride) {
      throw std::invalid_argument(fmt::format(
          "gradvitals_tensor.size is {} of tensor {}, and {} of the first", given.size, i, stride));
    }
    views.push_back(view_of(known_part(given, kTensorSize, "gradvitals_tensor")));
  }
  return views;
}

HealthMonitor::Options options_of(const gradvitals_options* options) {
  HealthMonitor::Options result;
  if (options == nullptr) return result;
  const gradvitals_options known = known_part(*options, kOptionsSize, "gradvitals_options");
  if (known.run != nullptr) result.run = known.run;
  if (known.history != nullptr) result.history = known.history;
  result.thresholds = thresholds_of(known.thresholds);
  if (known.resumes != 0) result.resume_step = known.resume_step;
  if (known.threads != 0) result.threads = known.threads;
  if (known.checkup_every != 0) result.checkup_every = known.checkup_every;
  return result;
}

HealthMonitor::Step step_of(const gradvitals_step* step) {
  HealthMonitor::Step result;
  if (step == nullptr) return result;
  const gradvitals_step known = known_part(*step, kStepSize, "gradvitals_step");
  if (known.has_step != 0) result.step = known.step;
  if (known.has_loss != 0) result.loss = known.loss;
  if (known.has_learning_rate != 0) result.learning_rate = known.learning_rate;
  if (known.loss_scale != 0.0) result.loss_scale = known.loss_scale;
  if (known.clip_scale != 0.0) result.clip_scale = known.clip_scale;
  result.is_skipped = known.is_skipped != 0;
  return result;
}

TextStyle style_of(const gradvitals_style* style) {
  if (style == nullptr) return {};
  const gradvitals_style known = known_part(*style, kStyleSize, "gradvitals_style");
  return {.color = known.color != 0, .ascii = known.ascii != 0, .width = known.width};
}

gradvitals_tensor_stats stats_of(const TensorStats& stats) {
  return std::bit_cast<gradvitals_tensor_stats>(stats);
}

TensorStats stats_of(const gradvitals_tensor_stats& stats) {
  return std::bit_cast<TensorStats>(stats);
}

}  // namespace gradvitals::c
