#include "monitor/rules/hidden_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/parameter_name.h"

namespace gradvitals {
namespace {

bool says_convolution(const TensorRecord& tensor) {
  return ascii_lower(tensor.name).find("conv") != std::string::npos;
}

bool is_dense(const TensorRecord& tensor) {
  return is_kernel_gradient(tensor) && tensor.rank == 2;
}

/// Of three to five dimensions. Positions, tokens and stacked experts have as many, but other names.
bool is_convolution(const TensorRecord& tensor) {
  if (!is_kernel_gradient(tensor) || tensor.rank < 3 || tensor.rank > 5) return false;
  const bool is_kernel = says_kernel(tensor.name) || says_convolution(tensor);
  return is_kernel && !says_embedding(tensor.name) && !says_experts(tensor.name);
}

/// Elements of the windows that convolutions of so many dimensions use, the usual ones first.
std::span<const std::int64_t> window_sizes(int rank) {
  static constexpr std::array<std::int64_t, 7> kLine{1, 3, 5, 7, 2, 4, 9};
  static constexpr std::array<std::int64_t, 10> kSquare{1, 9, 25, 49, 16, 4, 3, 5, 7, 121};
  static constexpr std::array<std::int64_t, 5> kCube{1, 27, 8, 125, 343};
  if (rank == 3) return kLine;
  return rank == 4 ? std::span<const std::int64_t>(kSquare) : kCube;
}

bool is_square(std::int64_t number) {
  const std::int64_t root = std::llround(std::sqrt(static_cast<double>(number)));
  return root * root == number;
}

/// The channels that kernels take. A record knows the product of channels and window alone, so the
/// channels are told by the kernel that has as many units.
class Channels {
 public:
  explicit Channels(const HealthMetrics& metrics) {
    for (const TensorRecord& tensor : metrics.tensors) {
      if (is_convolution(tensor)) ++makers_[units_of(tensor)];
      if (!is_convolution(tensor) || (tensor.rank == 3 && !says_convolution(tensor))) continue;
      flattened_.push_back(units_of(tensor));
    }
    std::ranges::sort(flattened_, std::ranges::greater{});
    for (const TensorRecord& tensor : metrics.tensors) {
      const std::int64_t channels = taken_by(tensor);
      if (channels > 0) ++takers_[channels];
    }
  }

  /// Whether another kernel takes what this convolution makes.
  bool are_taken(const TensorRecord& maker) const {
    const auto found = takers_.find(units_of(maker));
    const std::int64_t own = taken_by(maker) == units_of(maker) ? 1 : 0;
    return found != takers_.end() && found->second > own;
  }

  /// 0 where no convolution makes what the kernel takes.
  std::int64_t taken_by(const TensorRecord& taker) const {
    if (is_convolution(taker)) {
      for (const std::int64_t window : window_sizes(taker.rank)) {
        const std::int64_t channels = inputs_of(taker) / window;
        const std::int64_t own = channels == units_of(taker) ? 1 : 0;
        if (channels * window == inputs_of(taker) && made(channels) > own) return channels;
      }
    }
    if (!is_dense(taker) || inputs_of(taker) == 0) return 0;
    if (made(inputs_of(taker)) > 0) return inputs_of(taker);  // Pooled over all positions.
    return flattened_into(inputs_of(taker));
  }

 private:
  /// As many channels as fit: of a square picture where some do, else of one of any shape.
  std::int64_t flattened_into(std::int64_t inputs) const {
    for (const bool must_be_square : {true, false}) {
      for (const std::int64_t channels : flattened_) {
        if (inputs % channels != 0) continue;
        if (!must_be_square || is_square(inputs / channels)) return channels;
      }
    }
    return 0;
  }

  std::int64_t made(std::int64_t channels) const {
    const auto found = makers_.find(channels);
    return channels > 0 && found != makers_.end() ? found->second : 0;
  }

  std::map<std::int64_t, std::int64_t> makers_, takers_;  ///< Kernels by channels.
  std::vector<std::int64_t> flattened_;                   ///< Largest first.
};

/// Squeeze and excitation averages each sample over its positions: a few units behind it may all be
/// off for a healthy batch, whose averages are alike.
bool may_be_squeeze(const TensorRecord& tensor, const Channels& channels) {
  constexpr std::int64_t kFew = 16;
  return units_of(tensor) < kFew && units_of(tensor) < inputs_of(tensor) &&
         channels.taken_by(tensor) == inputs_of(tensor);
}

}  // namespace

bool is_kernel_gradient(const TensorRecord& tensor) {
  return tensor.role == Role::kGradient && tensor.exists && tensor.units.has_value();
}

std::int64_t units_of(const TensorRecord& kernel) {
  return kernel.unit_axis == UnitAxis::kCols ? kernel.cols : kernel.rows;
}

std::int64_t inputs_of(const TensorRecord& kernel) {
  return kernel.unit_axis == UnitAxis::kCols ? kernel.rows : kernel.cols;
}

std::vector<const TensorRecord*> hidden_kernels(const HealthMetrics& metrics) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  std::unordered_map<std::int64_t, std::int64_t> takers;  // Dense kernels by the number of inputs.
  for (const TensorRecord& tensor : metrics.tensors) {
    if (is_dense(tensor)) ++takers[inputs_of(tensor)];
  }
  const Channels channels(metrics);
  const auto is_taken = [&](const TensorRecord& tensor) {
    if (is_convolution(tensor)) {
      return channels.are_taken(tensor) && !may_be_squeeze(tensor, channels);
    }
    return takers[units_of(tensor)] > (units_of(tensor) == inputs_of(tensor) ? 1 : 0);
  };
  std::vector<const TensorRecord*> kernels;
  for (const TensorRecord& tensor : metrics.tensors) {
    const bool is_kernel = is_dense(tensor) || is_convolution(tensor);
    if (!is_kernel || says_embedding(tensor.name)) continue;
    const bool is_hidden = tensor.layer >= 0 ? tensor.layer < head : is_taken(tensor);
    if (is_hidden) kernels.push_back(&tensor);
  }
  return kernels;
}

}  // namespace gradvitals
