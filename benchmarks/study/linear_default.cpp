#include "benchmarks/study/linear_default.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "benchmarks/study/collect.h"
#include "framework/initializers.h"
#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::study {
namespace {

constexpr std::int64_t kInputs = 64;
constexpr std::int64_t kOutputs = 10;
constexpr int kDeepest = 5;

struct Shape {
  const char* name;
  std::int64_t first;
  std::int64_t last;  ///< Widths in between lie on a geometric line.
};

constexpr Shape kShapes[] = {{"16", 16, 16},           {"64", 64, 64},
                             {"256", 256, 256},        {"1024", 1024, 1024},
                             {"1024 to 16", 1024, 16}, {"16 to 1024", 16, 1024}};

std::int64_t width_of(const Shape& shape, int layer, int depth) {
  if (depth == 1) return shape.first;
  const double ratio = static_cast<double>(shape.last) / static_cast<double>(shape.first);
  return std::llround(static_cast<double>(shape.first) *
                      std::pow(ratio, static_cast<double>(layer) / (depth - 1)));
}

Dense linear_default(std::int64_t inputs, std::int64_t units, Activation activation) {
  const double limit = 1.0 / std::sqrt(static_cast<double>(inputs));
  return Dense(units, activation,
               {.kernel_initializer = RandomUniform{-limit, limit},
                .bias_initializer = RandomUniform{-limit, limit}});
}

Tensor make_targets(Stream& stream, std::uint64_t seed, bool are_classes) {
  const Tensor scalars =
      initialize(stream, RandomNormal{1.0}, {kBatch, 1}, random_key(seed, "study/y"));
  if (!are_classes) return scalars;
  std::vector<float> one_hot(static_cast<std::size_t>(kBatch * kOutputs), 0.0F);
  std::size_t row = 0;
  for (const float value : scalars.to_host<float>()) {
    const auto digit = static_cast<std::size_t>(std::fabs(value) * 1e4F) % kOutputs;
    one_hot[row * kOutputs + digit] = 1.0F;
    ++row;
  }
  return Tensor::from_host<float>(stream, {kBatch, kOutputs}, one_hot);
}

bool is_warned(Stream& stream, const Shape& shape, Activation activation, int depth,
               std::uint64_t seed, bool are_classes) {
  Sequential model(stream, {.name = "Default", .input_shape = {kInputs}, .seed = seed});
  std::int64_t inputs = kInputs;
  for (int layer = 0; layer < depth; ++layer) {
    const std::int64_t units = width_of(shape, layer, depth);
    model.add(linear_default(inputs, units, activation));
    inputs = units;
  }
  model.add(linear_default(inputs, are_classes ? kOutputs : 1, Activation::kLinear));
  const Tensor x =
      initialize(stream, RandomNormal{1.0}, {kBatch, kInputs}, random_key(seed, "study/x"));
  const Tensor y = make_targets(stream, seed, are_classes);
  Tape tape(stream);
  const Tensor prediction = model.forward(tape, x);
  const Tensor error =
      are_classes ? softmax_cross_entropy(tape, prediction, y) : mse(tape, prediction, y);
  tape.gradient(error, model.trainable_variables());
  std::vector<TensorView> views = tape.views();
  const std::vector<TensorView> weights = model.views();
  views.insert(views.end(), weights.begin(), weights.end());
  return diagnose(GradientMonitor(stream).inspect(views)).severity >= Severity::kWarning;
}

}  // namespace

std::vector<DefaultResult> score_linear_default(std::uint64_t seeds, int workers) {
  std::vector<std::pair<Activation, const Shape*>> cells;
  for (const Activation activation : {Activation::kRelu, Activation::kTanh}) {
    for (const Shape& shape : kShapes) cells.emplace_back(activation, &shape);
  }
  std::vector<DefaultResult> results(cells.size());
  run_jobs("default initialisation", cells.size(), workers, [&](Stream& stream, std::size_t i) {
    const auto& [activation, shape] = cells[i];
    results[i] = {.activation = activation, .shape = shape->name};
    const bool is_wide = std::max(shape->first, shape->last) >= 1024;
    const std::uint64_t count = is_wide ? std::max<std::uint64_t>(seeds / 10, 1) : seeds;
    for (int depth = 1; depth <= kDeepest; ++depth) {
      for (const bool are_classes : {true, false}) {
        for (std::uint64_t seed = 0; seed < count; ++seed) {
          ++results[i].networks;
          if (is_warned(stream, *shape, activation, depth, seed, are_classes)) ++results[i].warned;
        }
      }
    }
  });
  return results;
}

}  // namespace gradvitals::study
