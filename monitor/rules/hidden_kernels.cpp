#include "monitor/rules/hidden_kernels.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>

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

bool is_square(std::int64_t number) {
  const std::int64_t root = std::llround(std::sqrt(static_cast<double>(number)));
  return root * root == number;
}

/// What convolutions make, and what other kernels take of it.
class Channels {
 public:
  explicit Channels(const HealthMetrics& metrics) {
    for (const TensorRecord& tensor : metrics.tensors) {
      if (!is_convolution(tensor)) continue;
      makers_.insert(tensor.unit_count());
      // Of three dimensions is many a kernel that nothing flattens.
      if (tensor.rank > 3 || says_convolution(tensor)) flattened_.push_back(tensor.unit_count());
    }
    std::ranges::sort(flattened_, std::ranges::greater{});
    for (const TensorRecord& tensor : metrics.tensors) {
      const std::int64_t channels = taken_by(tensor);
      if (channels > 0) ++takers_[channels];
    }
  }

  bool are_made(std::int64_t channels) const { return makers_.contains(channels); }

  /// Whether another kernel takes what this convolution makes.
  bool are_taken(const TensorRecord& maker) const {
    const auto found = takers_.find(maker.unit_count());
    const std::int64_t own = maker.channels == maker.unit_count() ? 1 : 0;
    return found != takers_.end() && found->second > own;
  }

 private:
  /// 0 where no convolution makes what the kernel takes.
  std::int64_t taken_by(const TensorRecord& taker) const {
    if (is_convolution(taker)) return taker.channels;
    if (!is_dense(taker) || taker.input_count() == 0) return 0;
    if (are_made(taker.input_count())) return taker.input_count();  // Pooled over all positions.
    return flattened_into(taker.input_count());
  }

  /// As many channels as fit: no shape says how large the picture was that a dense layer flattens.
  /// Of a square picture where some do, else of one of any shape.
  std::int64_t flattened_into(std::int64_t inputs) const {
    for (const bool must_be_square : {true, false}) {
      for (const std::int64_t channels : flattened_) {
        if (inputs % channels != 0) continue;
        if (!must_be_square || is_square(inputs / channels)) return channels;
      }
    }
    return 0;
  }

  std::unordered_set<std::int64_t> makers_;                ///< Channels.
  std::unordered_map<std::int64_t, std::int64_t> takers_;  ///< Kernels by channels.
  std::vector<std::int64_t> flattened_;                    ///< Largest first.
};

/// Squeeze and excitation averages each sample over its positions: a few units behind it may all be
/// off for a healthy batch, whose averages are alike.
bool may_be_squeeze(const TensorRecord& tensor, const Channels& channels) {
  constexpr std::int64_t kFew = 16;
  const bool has_window = tensor.channels != tensor.input_count();
  return !has_window && tensor.unit_count() < kFew && tensor.unit_count() < tensor.channels &&
         channels.are_made(tensor.channels);
}

}  // namespace

bool is_kernel_gradient(const TensorRecord& tensor) {
  return tensor.role == Role::kGradient && tensor.exists && tensor.units.has_value();
}

std::vector<const TensorRecord*> hidden_kernels(const HealthMetrics& metrics) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  std::unordered_map<std::int64_t, std::int64_t> takers;  // Dense kernels by the number of inputs.
  for (const TensorRecord& tensor : metrics.tensors) {
    if (is_dense(tensor)) ++takers[tensor.input_count()];
  }
  const Channels channels(metrics);
  const auto is_taken = [&](const TensorRecord& tensor) {
    if (is_convolution(tensor)) {
      return channels.are_taken(tensor) && !may_be_squeeze(tensor, channels);
    }
    return takers[tensor.unit_count()] > (tensor.unit_count() == tensor.input_count() ? 1 : 0);
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
