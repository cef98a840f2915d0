#include "benchmarks/study/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>

#include "benchmarks/study/collect.h"
#include "framework/initializers.h"
#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/optimizers.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/loss_scale.h"

namespace gradvitals::study {
namespace {

using enum Verdict;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

/// One step of a network that may still be spoiled: weights, data, loss.
struct Case {
  Stream& stream;
  const Subject& subject;
  Sequential model;
  std::vector<float> x;
  std::vector<float> y;
  LossKind loss;
};

/// Relu gets He's weights, all others Glorot's: what trains.
Dense::Options healthy_start(Activation activation) {
  const bool is_relu = activation == Activation::kRelu;
  return {.kernel_initializer = is_relu ? Initializer(HeNormal{}) : Initializer(GlorotNormal{})};
}

Case healthy_case(Stream& stream, const Subject& subject, Activation head, LossKind loss) {
  const Task& task = subject.task;
  Sequential model(stream, {.name = "Study", .input_shape = {task.features}, .seed = subject.seed});
  for (int layer = 0; layer < subject.depth; ++layer) {
    model.add(Dense(subject.width, subject.activation, healthy_start(subject.activation)));
  }
  model.add(Dense(task.outputs, head));
  Case c{.stream = stream,
         .subject = subject,
         .model = std::move(model),
         .x = {task.training.x.begin(), task.training.x.begin() + kBatch * task.features},
         .y = {task.training.y.begin(), task.training.y.begin() + kBatch * task.outputs},
         .loss = loss};
  return c;
}

Case healthy_case(Stream& stream, const Subject& subject) {
  return healthy_case(stream, subject, subject.task.head, subject.task.loss);
}

HealthMetrics examine(Case& c) {
  Tape tape(c.stream);
  const Task& task = c.subject.task;
  const Tensor x = Tensor::from_host<float>(c.stream, {kBatch, task.features}, c.x);
  const Tensor y = Tensor::from_host<float>(c.stream, {kBatch, task.outputs}, c.y);
  tape.gradient(loss(tape, c.loss, c.model.forward(tape, x), y), c.model.trainable_variables());
  std::vector<TensorView> views = tape.views();
  const std::vector<TensorView> weights = c.model.views();
  views.insert(views.end(), weights.begin(), weights.end());
  return GradientMonitor(c.stream).inspect(views);
}

/// Kernels at even places, biases behind them; the head's last.
Parameter& kernel(Case& c, int layer) {
  return *c.model.parameters()[static_cast<std::size_t>(2 * layer)];
}
Parameter& bias(Case& c, int layer) {
  return *c.model.parameters()[static_cast<std::size_t>(2 * layer + 1)];
}

using Edit = std::function<void(std::vector<float>&)>;

void edit(Case& c, Parameter& parameter, const Edit& change) {
  std::vector<float> values = parameter.value.to_host<float>();
  change(values);
  parameter.value.copy_from_host<float>(c.stream, values);
}

Edit times(float factor) {
  return [factor](std::vector<float>& values) {
    for (float& value : values) value *= factor;
  };
}

Edit all(float constant) {
  return [constant](std::vector<float>& values) { std::ranges::fill(values, constant); };
}

HealthMetrics with_hidden_weights(Stream& stream, const Subject& subject, float factor) {
  Case c = healthy_case(stream, subject);
  for (int layer = 0; layer < subject.depth; ++layer) edit(c, kernel(c, layer), times(factor));
  return examine(c);
}

HealthMetrics of_depth(Stream& stream, Subject subject, int depth) {
  subject.depth = depth;
  Case c = healthy_case(stream, subject);
  return examine(c);
}

HealthMetrics linear_too_wide(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  for (int layer = 0; layer < subject.depth; ++layer) {
    Parameter& parameter = kernel(c, layer);
    const RandomKey key = random_key(subject.seed, parameter.name);
    parameter.value.copy_from_host<float>(
        stream, initialize(stream, RandomNormal{.stddev = 2.0}, parameter.value.shape(), key)
                    .to_host<float>());
  }
  return examine(c);
}

HealthMetrics with_all_kernels(Stream& stream, const Subject& subject, float constant) {
  Case c = healthy_case(stream, subject);
  for (int layer = 0; layer <= subject.depth; ++layer) edit(c, kernel(c, layer), all(constant));
  return examine(c);
}

/// Two units of a hidden layer with the same weights in and out.
HealthMetrics twin_units(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  const auto width = static_cast<std::size_t>(subject.width);
  edit(c, kernel(c, 1), [&](std::vector<float>& values) {  // (in,out): columns are units.
    for (std::size_t row = 0; row < width; ++row) values[row * width + 1] = values[row * width];
  });
  edit(c, kernel(c, 2), [&](std::vector<float>& values) {
    std::copy_n(values.begin(), width, values.begin() + subject.width);
  });
  return examine(c);
}

HealthMetrics with_weight(Stream& stream, const Subject& subject, float value) {
  Case c = healthy_case(stream, subject);
  edit(c, kernel(c, subject.depth / 2), [&](std::vector<float>& values) { values[7] = value; });
  return examine(c);
}

HealthMetrics with_hidden_biases(Stream& stream, const Subject& subject, float share) {
  Case c = healthy_case(stream, subject);
  edit(c, bias(c, subject.depth / 2), [&](std::vector<float>& values) {
    const auto count = std::lround(share * static_cast<float>(values.size()));
    std::fill_n(values.begin(), count, -100.0F);
  });
  return examine(c);
}

HealthMetrics zeroed_layer(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  edit(c, kernel(c, subject.depth / 2), all(0.0F));
  return examine(c);
}

/// Targets within the head's range.
HealthMetrics saturated_head(Stream& stream, const Subject& subject, Activation head,
                             LossKind kind) {
  Case c = healthy_case(stream, subject, head, kind);
  for (float& target : c.y) target = target > 0.0F ? 1.0F : 0.0F;
  edit(c, kernel(c, subject.depth), times(1e4F));
  return examine(c);
}

HealthMetrics with_data(Stream& stream, const Subject& subject,
                        const std::function<void(Case&)>& change) {
  Case c = healthy_case(stream, subject);
  change(c);
  return examine(c);
}

HealthMetrics unnormalised_column(Stream& stream, const Subject& subject) {
  return with_data(stream, subject, [](Case& c) {
    const auto features = static_cast<std::size_t>(c.subject.task.features);
    for (std::size_t i = 0; i < c.x.size(); i += features) c.x[i] *= 1e4F;
  });
}

HealthMetrics shuffled_labels(Stream& stream, const Subject& subject) {
  return with_data(stream, subject, [](Case& c) {
    const std::int64_t outputs = c.subject.task.outputs;
    std::vector<float> shuffled;
    for (const std::int64_t row : shuffled_rows(kBatch, c.subject.seed)) {
      shuffled.insert(shuffled.end(), c.y.begin() + row * outputs,
                      c.y.begin() + (row + 1) * outputs);
    }
    c.y = shuffled;
  });
}

HealthMetrics unused_parameter(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  HealthMetrics metrics = examine(c);
  TensorRecord& record = metrics.tensors.emplace_back();
  record.name = "branch/kernel";
  record.exists = false;
  return metrics;
}

HealthMetrics with_gradients_divided(Stream& stream, const Subject& subject, double divisor) {
  Case c = healthy_case(stream, subject);
  HealthMetrics metrics = examine(c);
  divide_by_loss_scale(metrics, divisor);
  metrics.loss_scale = 1.0;  // The scale was not recorded.
  return metrics;
}

/// float16 of a magnitude below its smallest normal number: a count of 2^-24.
std::uint16_t subnormal_half(float value) {
  const auto count = static_cast<std::uint16_t>(std::lround(std::fabs(value) * 0x1p24F));
  return static_cast<std::uint16_t>(count | (std::signbit(value) ? 0x8000 : 0));
}

/// The gradients alone, as float16 without a loss scale keeps them.
HealthMetrics float16_underflow(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  Tape tape(c.stream);
  const Task& task = subject.task;
  const Tensor x = Tensor::from_host<float>(stream, {kBatch, task.features}, c.x);
  const Tensor y = Tensor::from_host<float>(stream, {kBatch, task.outputs}, c.y);
  const Gradients gradients =
      tape.gradient(loss(tape, c.loss, c.model.forward(tape, x), y), c.model.trainable_variables());
  std::vector<std::vector<std::uint16_t>> halves;
  std::vector<TensorView> views;
  for (const Gradient& gradient : gradients) {
    std::vector<float> values = gradient.value->to_host<float>();
    float largest = 0.0F;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    std::vector<std::uint16_t>& half = halves.emplace_back();
    for (const float value : values) half.push_back(subnormal_half(value / largest * 0x1p-15F));
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::int64_t count = std::ssize(halves[i]);
    views.push_back({.name = gradients[i].parameter->name,
                     .data = halves[i].data(),
                     .count = count,
                     .rows = 1,
                     .cols = count,
                     .dtype = DType::kFloat16});
  }
  return GradientMonitor(stream).inspect(views);
}

HealthMetrics with_global_norm(Stream& stream, const Subject& subject, double norm) {
  Case c = healthy_case(stream, subject);
  HealthMetrics metrics = examine(c);
  divide_by_loss_scale(metrics, global_norm(metrics) / norm);
  metrics.loss_scale = 1.0;
  return metrics;
}

/// Ten steps of SGD with a rate a thousand times too large.
HealthMetrics rate_too_large(Stream& stream, const Subject& subject) {
  Case c = healthy_case(stream, subject);
  const Task& task = subject.task;
  Sgd optimizer({.learning_rate = 30.0});
  for (int step = 0; step < 10; ++step) {
    Tape tape(stream);
    const Tensor x = Tensor::from_host<float>(stream, {kBatch, task.features}, c.x);
    const Tensor y = Tensor::from_host<float>(stream, {kBatch, task.outputs}, c.y);
    optimizer.apply(stream, tape.gradient(loss(tape, c.loss, c.model.forward(tape, x), y),
                                          c.model.trainable_variables()));
  }
  return examine(c);
}

const std::vector<Activation> kAny = {Activation::kRelu, Activation::kTanh, Activation::kGelu};
const std::vector<Activation> kRelu = {Activation::kRelu};
const std::vector<Activation> kTanh = {Activation::kTanh};
const std::vector<Activation> kSigmoid = {Activation::kSigmoid};
const std::vector<Activation> kLinear = {Activation::kLinear};

template <int kPercent>
HealthMetrics hidden_weights(Stream& stream, const Subject& subject) {
  return with_hidden_weights(stream, subject, kPercent / 100.0F);
}

template <int kDepth>
HealthMetrics deep(Stream& stream, const Subject& subject) {
  return of_depth(stream, subject, kDepth);
}

std::vector<Fault> make_faults() {
  return {
      // Weights
      {"weights x 0.1", {kVanishing}, kAny, hidden_weights<10>},
      {"weights x 0.02", {kVanishing}, kAny, hidden_weights<2>},
      {"weights x 4", {kExploding}, kRelu, hidden_weights<400>},
      {"weights x 20", {kExploding}, kRelu, hidden_weights<2000>},
      {"tanh weights x 10", {kSaturated}, kTanh, hidden_weights<1000>},
      {"linear, N(0, 2)", {kExploding}, kLinear, linear_too_wide},
      {"sigmoid, 5 layers", {kVanishing}, kSigmoid, deep<5>},
      {"sigmoid, 8 layers", {kVanishing}, kSigmoid, deep<8>},
      {"sigmoid, 16 layers", {kVanishing}, kSigmoid, deep<16>},
      // Nothing passes a network of zeros; relu units at 0 are dead as well.
      {"weights all zero",
       {kVanishing, kDead, kSymmetric},
       kAny,
       [](Stream& s, const Subject& n) { return with_all_kernels(s, n, 0.0F); }},
      {"weights all equal",
       {kSymmetric},
       kAny,
       [](Stream& s, const Subject& n) { return with_all_kernels(s, n, 0.02F); }},
      {"twin units", {kSymmetric}, kAny, twin_units},
      {"zeroed layer", {kVanishing, kDead}, kAny, zeroed_layer},
      // Not finite
      {"NaN in a weight",
       {kNonFinite},
       kAny,
       [](Stream& s, const Subject& n) { return with_weight(s, n, kNaN); }},
      {"infinity in a weight",
       {kNonFinite},
       kAny,
       [](Stream& s, const Subject& n) { return with_weight(s, n, kInf); }},
      {"NaN in the data",
       {kNonFinite},
       kAny,
       [](Stream& s, const Subject& n) {
         return with_data(s, n, [](Case& c) { c.x[11] = kNaN; });
       }},
      {"NaN in the targets",
       {kNonFinite},
       kAny,
       [](Stream& s, const Subject& n) { return with_data(s, n, [](Case& c) { c.y[3] = kNaN; }); }},
      // Units
      {"a dead layer",
       {kDead},
       kRelu,
       [](Stream& s, const Subject& n) { return with_hidden_biases(s, n, 1.0F); }},
      {"97 % of a layer dead",
       {kDead},
       kRelu,
       [](Stream& s, const Subject& n) { return with_hidden_biases(s, n, 0.97F); }},
      {"saturated sigmoid head, mse",
       {kSaturated},
       kAny,
       [](Stream& s, const Subject& n) {
         return saturated_head(s, n, Activation::kSigmoid, LossKind::kMse);
       }},
      {"saturated sigmoid head, bce",
       {kSaturated},
       kAny,
       [](Stream& s, const Subject& n) {
         return saturated_head(s, n, Activation::kSigmoid, LossKind::kBinaryCrossEntropy);
       }},
      {"saturated tanh head, mse",
       {kSaturated},
       kAny,
       [](Stream& s, const Subject& n) {
         return saturated_head(s, n, Activation::kTanh, LossKind::kMse);
       }},
      // Data
      {"column x 10,000 into tanh", {kSaturated}, kTanh, unnormalised_column},
      {"column x 10,000 into relu", {kExploding}, kRelu, unnormalised_column},
      {"targets x 10,000",
       {kExploding},
       kAny,
       [](Stream& s, const Subject& n) {
         return with_data(s, n, [](Case& c) {
           c.loss = LossKind::kMse;
           for (float& y : c.y) y *= 1e4F;
         });
       }},
      {"labels shuffled", {kHealthy}, kAny, shuffled_labels},
      // Steps
      {"parameter without gradient", {kNoGradient}, kAny, unused_parameter},
      {"gradients x 1e-10",
       {kVanishing},
       kAny,
       [](Stream& s, const Subject& n) { return with_gradients_divided(s, n, 1e10); }},
      {"gradients x 65,536",
       {kExploding},
       kAny,
       [](Stream& s, const Subject& n) { return with_gradients_divided(s, n, 1.0 / 65536); }},
      {"float16 without a loss scale", {kVanishing}, kAny, float16_underflow},
      {"clipped before unscaling",
       {kVanishing},
       kAny,
       [](Stream& s, const Subject& n) { return with_global_norm(s, n, 1.0 / 65536); }},
      {"clipped to 1",
       {kHealthy},
       kAny,
       [](Stream& s, const Subject& n) { return with_global_norm(s, n, 1.0); }},
      // What a rate too large leaves depends on where it drove the units.
      {"learning rate x 1,000", {kExploding, kNonFinite, kSaturated, kDead}, kAny, rate_too_large},
  };
}

}  // namespace

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> faults = make_faults();
  return faults;
}

bool is_named(const Fault& fault, const Diagnosis& diagnosis) {
  return std::ranges::find(fault.accepted, diagnosis.verdict) != fault.accepted.end();
}

std::vector<FaultResult> score_faults(const std::vector<Task>& tasks, int workers) {
  std::vector<const Task*> chosen;  // One of each kind of loss.
  for (const LossKind kind : {LossKind::kMse, LossKind::kSoftmaxCrossEntropy}) {
    const auto task = std::ranges::find_if(tasks, [&](const Task& candidate) {
      return candidate.loss == kind && candidate.head == Activation::kLinear &&
             candidate.features >= 8;
    });
    if (task == tasks.end()) throw std::logic_error("study: no task for the faults");
    chosen.push_back(&*task);
  }
  const std::vector<Fault>& faults = all_faults();
  std::vector<FaultResult> results(faults.size());
  run_jobs("fault", faults.size(), workers, [&](Stream& stream, std::size_t i) {
    FaultResult& result = results[i];
    result.fault = faults[i].name;
    std::set<std::string> others;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      for (const Task* task : chosen) {
        for (const std::int64_t width : {std::int64_t{64}, std::int64_t{128}}) {
          for (const int depth : {4, 6}) {
            const Activation activation =
                faults[i].activations[seed % faults[i].activations.size()];
            const Diagnosis diagnosis = diagnose(
                faults[i].examine(stream, {*task, activation, width, depth, 1000 * i + seed}));
            ++result.subjects;
            if (is_named(faults[i], diagnosis)) {
              ++result.named;
            } else {
              others.emplace(gradvitals::name(diagnosis.verdict));
            }
          }
        }
      }
    }
    result.others.assign(others.begin(), others.end());
  });
  return results;
}

}  // namespace gradvitals::study
