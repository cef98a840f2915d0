// Networks of the study: which there are, and how one is made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/study/task.h"
#include "framework/sequential.h"

namespace gradvitals::study {

enum class Start : std::uint8_t {
  kHe,             ///< He normal, times the multiplier
  kGlorot,         ///< Glorot uniform, times the multiplier
  kLecun,          ///< LeCun normal
  kLinearDefault,  ///< PyTorch's nn.Linear: kernel and bias from U(-1/sqrt(in), 1/sqrt(in))
  kNormal,         ///< N(0, 0.05^2), whatever the widths
};

enum class Outline : std::uint8_t { kEven, kNarrowing, kWidening, kBottleneck };

/// "he", "glorot", "lecun", "linear_default", "normal_0.05"; "even", "narrowing", "widening",
/// "bottleneck".
std::string_view name(Start start);
std::string_view name(Outline outline);

struct NetworkSpec {
  std::size_t task = 0;  ///< index in make_tasks()
  std::uint64_t seed = 0;
  Activation activation = Activation::kRelu;
  Start start = Start::kHe;
  double multiplier = 1.0;  ///< of hidden kernels
  Outline outline = Outline::kEven;
  std::int64_t width = 0;  ///< the largest
  int depth = 0;           ///< hidden layers

  std::vector<std::int64_t> hidden_widths() const;
  /// "even 64x5"
  std::string shape() const;
  /// "relu, he x 2, even 64x5": all but task and seed.
  std::string text() const;
};

/// Where limits are chosen, and where they are scored.
enum class Half : std::uint8_t { kChoose, kScore };

std::string_view name(Half half);

/// By task, its seed and the shape: no two halves share one of these combinations.
Half half_of(const NetworkSpec& spec, const Task& task);

/// `count` networks drawn from the grid by `seed`; the first of them are the same for every count.
std::vector<NetworkSpec> draw_networks(std::uint64_t seed, std::int64_t count,
                                       const std::vector<Task>& tasks);

Sequential make_network(Stream& stream, const NetworkSpec& spec, const Task& task);

}  // namespace gradvitals::study
