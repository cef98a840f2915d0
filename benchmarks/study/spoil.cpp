#include "benchmarks/study/spoil.h"

#include <algorithm>
#include <cmath>

namespace gradvitals::study {
namespace {

/// The sum of 12 uniform numbers, less 6: near enough to N(0, 1), and the same with every library.
float bell(std::mt19937_64& random) {
  double sum = -6.0;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<float>(sum);
}

void edit_gradient(SpoiledStep& step, std::size_t i, const EditWeights& change) {
  const std::optional<Tensor>& gradient = step.gradients[i].value;
  if (!gradient) return;
  std::vector<float> values = gradient->to_host<float>();
  change(values);
  gradient->copy_from_host<float>(step.stream, values);
}

}  // namespace

std::size_t kernel_of(const SpoiledStep& step) {
  return 2 * (step.network.hidden_count() / 2);
}

EditWeights scaled_by(float factor) {
  return [factor](std::vector<float>& values) { scale(values, factor); };
}

void edit(SpoiledStep& step, std::size_t parameter, const EditWeights& change) {
  const Tensor& tensor = step.parameters[parameter]->value;
  std::vector<float> values = tensor.to_host<float>();
  change(values);
  tensor.copy_from_host<float>(step.stream, values);
}

void scale(std::vector<float>& values, float factor) {
  for (float& value : values) value *= factor;
}

double grown(double rate, int since) {
  return std::pow(rate, since + 1);
}

void shuffle_targets(SpoiledStep& step) {
  const auto outputs = static_cast<std::ptrdiff_t>(step.task.outputs);
  const auto row = [&](std::uint64_t i) {
    return step.y.begin() + static_cast<std::ptrdiff_t>(i) * outputs;
  };
  for (std::uint64_t i = step.y.size() / static_cast<std::uint64_t>(outputs) - 1; i > 0; --i) {
    std::swap_ranges(row(i), row(i) + outputs, row(step.random() % i));
  }
}

void equal_units(SpoiledStep& step) {
  const std::size_t kernel = kernel_of(step);
  const auto units = static_cast<std::size_t>(step.parameters[kernel + 1]->value.count());
  edit(step, kernel, [units](std::vector<float>& values) {  // (in,out): columns are units.
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i - i % units];
  });
  edit(step, kernel + 1, [](std::vector<float>& values) { std::ranges::fill(values, values[0]); });
  edit(step, kernel + 2, [units](std::vector<float>& values) {
    const std::size_t columns = values.size() / units;
    for (std::size_t i = columns; i < values.size(); ++i) values[i] = values[i % columns];
  });
}

void scale_gradients(SpoiledStep& step, float factor) {
  for (std::size_t i = 0; i < step.gradients.size(); ++i) edit_gradient(step, i, scaled_by(factor));
}

void accumulate_gradients(SpoiledStep& step) {
  step.memory.resize(step.gradients.size());
  for (std::size_t i = 0; i < step.gradients.size(); ++i) {
    std::vector<float>& sum = step.memory[i];
    edit_gradient(step, i, [&sum](std::vector<float>& values) {
      sum.resize(values.size());
      std::ranges::transform(values, sum, sum.begin(), std::plus<>());
      values = sum;
    });
  }
}

void zero_gradients(SpoiledStep& step) {
  edit_gradient(step, kernel_of(step), scaled_by(0.0F));
  edit_gradient(step, kernel_of(step) + 1, scaled_by(0.0F));
}

void drop_gradients(SpoiledStep& step) {
  step.gradients[kernel_of(step)].value.reset();
  step.gradients[kernel_of(step) + 1].value.reset();
}

void add_noise(SpoiledStep& step) {
  constexpr double kTimes = 30.0;
  for (std::size_t i = 0; i < step.gradients.size(); ++i) {
    edit_gradient(step, i, [&step](std::vector<float>& values) {
      double squares = 0.0;
      for (const float value : values) squares += double{value} * double{value};
      const double rms = std::sqrt(squares / static_cast<double>(values.size()));
      for (float& value : values) value += static_cast<float>(kTimes * rms) * bell(step.random);
    });
  }
}

}  // namespace gradvitals::study
