#include "benchmarks/study/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "framework/layers/dense.h"

namespace gradvitals::study {
namespace {

constexpr std::int64_t kNarrowest = 8;  // What narrowing stops at.

/// Draws by its own arithmetic: std's distributions differ between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  template <class T, std::size_t N>
  T one_of(const T (&choices)[N]) {
    return choices[random_() % N];
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t odds) { return below(odds) == 0; }

 private:
  std::mt19937_64 random_;
};

std::int64_t narrowed(std::int64_t width, int times) {
  return std::max(kNarrowest, width >> std::min(times, 3));
}

/// A tenth of the networks are linear: they have the least to learn from.
Activation draw_activation(Dice& dice) {
  using enum Activation;
  if (dice.one_in(10)) return kLinear;
  return dice.one_of({kRelu, kTanh, kSigmoid, kGelu, kLeakyRelu});
}

/// Half are scaled off what their makers advise: networks that fail come from there and from depth.
void draw_start(Dice& dice, NetworkSpec& spec) {
  using enum Start;
  if (dice.one_in(2)) {
    spec.start = dice.one_of({kHe, kGlorot, kLecun, kLinearDefault, kNormal});
    return;
  }
  spec.start = dice.one_of({kHe, kGlorot});
  spec.multiplier = dice.one_of({0.35, 0.5, 0.7, 1.4, 2.0, 4.0});
}

/// Where the width is 256, depth ends at 8: time is what is short.
void draw_shape(Dice& dice, NetworkSpec& spec) {
  using enum Outline;
  spec.width = dice.one_of<std::int64_t>({16, 16, 16, 64, 64, 64, 64, 256});
  spec.depth = spec.width == 256 ? dice.one_of({1, 2, 3, 4, 5, 8})
                                 : dice.one_of({1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20});
  spec.outline = spec.depth < 3 || spec.width == 16
                     ? kEven
                     : dice.one_of({kEven, kEven, kNarrowing, kWidening, kBottleneck});
}

/// A linear network cannot bend around a spiral, whatever its gradients.
bool can_represent(const NetworkSpec& spec, const Task& task) {
  return spec.activation != Activation::kLinear || !task.name.starts_with("spirals");
}

Dense::Options options_of(const NetworkSpec& spec, std::int64_t fan_in) {
  switch (spec.start) {
    case Start::kHe:
      return {.kernel_initializer = HeNormal{}};
    case Start::kGlorot:
      return {.kernel_initializer = GlorotUniform{}};
    case Start::kLecun:
      return {.kernel_initializer = LecunNormal{}};
    case Start::kLinearDefault: {
      const double limit = 1.0 / std::sqrt(static_cast<double>(fan_in));
      return {.kernel_initializer = RandomUniform{-limit, limit},
              .bias_initializer = RandomUniform{-limit, limit}};
    }
    case Start::kNormal:
      return {.kernel_initializer = RandomNormal{.stddev = 0.05}};
  }
  return {};
}

void scale_hidden_kernels(Stream& stream, const Sequential& model, double multiplier) {
  std::vector<Parameter*> parameters = model.parameters();
  parameters.resize(parameters.size() - 2);  // Those of the head.
  for (const Parameter* parameter : parameters) {
    if (parameter->value.shape().rank() != 2) continue;
    std::vector<float> values = parameter->value.to_host<float>();
    for (float& value : values) value = static_cast<float>(value * multiplier);
    parameter->value.copy_from_host<float>(stream, values);
  }
}

}  // namespace

std::string_view name(Start start) {
  switch (start) {
    case Start::kHe:
      return "he";
    case Start::kGlorot:
      return "glorot";
    case Start::kLecun:
      return "lecun";
    case Start::kLinearDefault:
      return "linear_default";
    case Start::kNormal:
      return "normal_0.05";
  }
  return "unknown";
}

std::string_view name(Outline outline) {
  switch (outline) {
    case Outline::kEven:
      return "even";
    case Outline::kNarrowing:
      return "narrowing";
    case Outline::kWidening:
      return "widening";
    case Outline::kBottleneck:
      return "bottleneck";
  }
  return "unknown";
}

std::string_view name(Half half) {
  return half == Half::kChoose ? "choose" : "score";
}

std::vector<std::int64_t> NetworkSpec::hidden_widths() const {
  std::vector<std::int64_t> widths;
  for (int layer = 0; layer < depth; ++layer) {
    const int from_end = depth - 1 - layer;
    switch (outline) {
      case Outline::kEven:
        widths.push_back(width);
        break;
      case Outline::kNarrowing:
        widths.push_back(narrowed(width, layer));
        break;
      case Outline::kWidening:
        widths.push_back(narrowed(width, from_end));
        break;
      case Outline::kBottleneck:
        widths.push_back(layer == depth / 2 ? narrowed(width, 2) : width);
        break;
    }
  }
  return widths;
}

std::string NetworkSpec::shape() const {
  return fmt::format("{} {}x{}", study::name(outline), width, depth);
}

std::string NetworkSpec::text() const {
  const std::string scale = multiplier == 1.0 ? "" : fmt::format(" x {}", multiplier);
  return fmt::format("{}, {}{}, {}", gradvitals::name(activation), study::name(start), scale,
                     shape());
}

Half half_of(const NetworkSpec& spec, const Task& task) {
  std::uint64_t hash =
      random_key(0, fmt::format("{} {} {}", task.name, task.seed, spec.shape())).sequence;
  // FNV leaves the lowest bits to the letters' parity; this is MurmurHash3's finish.
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
  return ((hash >> 33) & 1) == 0 ? Half::kChoose : Half::kScore;
}

std::vector<NetworkSpec> draw_networks(std::uint64_t seed, std::int64_t count,
                                       const std::vector<Task>& tasks) {
  Dice dice(seed);
  std::vector<NetworkSpec> specs;
  while (std::ssize(specs) < count) {
    NetworkSpec spec{.task = dice.below(tasks.size()), .seed = specs.size() + 1};
    spec.activation = draw_activation(dice);
    draw_start(dice, spec);
    draw_shape(dice, spec);
    if (can_represent(spec, tasks[spec.task])) specs.push_back(spec);
  }
  return specs;
}

Sequential make_network(Stream& stream, const NetworkSpec& spec, const Task& task) {
  Sequential model(stream, {.name = "Mlp", .input_shape = {task.features}, .seed = spec.seed});
  std::int64_t fan_in = task.features;
  for (const std::int64_t width : spec.hidden_widths()) {
    model.add(Dense(width, spec.activation, options_of(spec, fan_in)));
    fan_in = width;
  }
  model.add(Dense(task.outputs, task.head, options_of(spec, fan_in)));
  if (spec.multiplier != 1.0) scale_hidden_kernels(stream, model, spec.multiplier);
  return model;
}

}  // namespace gradvitals::study
