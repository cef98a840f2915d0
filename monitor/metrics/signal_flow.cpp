#include "monitor/metrics/signal_flow.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/metrics/blocks.h"

namespace gradvitals {
namespace {

/// Two layers have one ratio, which says little about a trend.
constexpr int kMinLayersOfGain = 3;
constexpr int kMinLayersOfFactor = 2;
constexpr std::size_t kMinBlocks = 4;

bool is_usable(double magnitude) {
  return std::isfinite(magnitude) && magnitude > 0.0;
}

int head_layer(const HealthMetrics& metrics) {
  int head = -1;
  for (const TensorRecord& tensor : metrics.tensors) head = std::max(head, tensor.layer);
  return head;
}

/// The tensors of one role with one layer number: several where ways run side by side, as behind a
/// trunk that feeds two heads.
struct Level {
  int layer = -1;
  std::vector<const TensorRecord*> tensors;

  double l2_norm() const {
    double norm = 0.0;
    for (const TensorRecord* tensor : tensors) norm = std::hypot(norm, tensor->stats.l2_norm());
    return norm;
  }
  double rms() const {
    if (tensors.size() == 1) return tensors.front()->stats.rms();
    double count = 0.0;
    for (const TensorRecord* tensor : tensors) {
      count += static_cast<double>(tensor->stats.finite_count());
    }
    return count > 0.0 ? l2_norm() / std::sqrt(count) : 0.0;
  }
};

/// The first and the last hidden layer with a tensor of one role: those between may have none.
struct HiddenSpan {
  Level first, last;

  int hidden_layers() const { return first.tensors.empty() ? 0 : last.layer - first.layer + 1; }

  void add(const TensorRecord& tensor) {
    if (first.tensors.empty() || tensor.layer < first.layer) first = {tensor.layer, {}};
    if (tensor.layer == first.layer) first.tensors.push_back(&tensor);
    if (tensor.layer > last.layer) last = {tensor.layer, {}};
    if (tensor.layer == last.layer) last.tensors.push_back(&tensor);
  }
};

/// The layer nearest the output is left out: its derivative belongs to the loss.
HiddenSpan hidden_span(const HealthMetrics& metrics, Role role) {
  const int head = head_layer(metrics);
  HiddenSpan span;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != role || !tensor.exists || tensor.layer < 0 || tensor.layer == head) continue;
    span.add(tensor);
  }
  return span;
}

using Magnitude = double (Level::*)() const;

/// log(last / first): the ratio itself can leave float64.
std::optional<double> log_growth(const HiddenSpan& span, Magnitude magnitude) {
  if (span.hidden_layers() == 0) return std::nullopt;
  const double first = (span.first.*magnitude)(), last = (span.last.*magnitude)();
  if (!is_usable(first) || !is_usable(last)) return std::nullopt;
  return std::log(last) - std::log(first);
}

void read_deltas(const HealthMetrics& metrics, SignalFlow& flow) {
  const HiddenSpan span = hidden_span(metrics, Role::kDelta);
  flow.hidden_layers = span.hidden_layers();
  if (flow.hidden_layers < kMinLayersOfFactor) return;
  const double steps = flow.hidden_layers - 1;
  if (const auto growth = log_growth(span, &Level::l2_norm)) {
    flow.backward_factor = std::exp(-*growth);
    flow.factor_per_layer = std::exp(-*growth / steps);
  }
  if (flow.hidden_layers < kMinLayersOfGain) return;
  if (const auto growth = log_growth(span, &Level::rms)) {
    flow.backward_gain = std::exp(-*growth / steps);
  }
}

void read_pre_activations(const HealthMetrics& metrics, SignalFlow& flow) {
  const HiddenSpan span = hidden_span(metrics, Role::kPreActivation);
  if (span.hidden_layers() < kMinLayersOfGain) return;
  if (const auto growth = log_growth(span, &Level::rms)) {
    flow.forward_gain = std::exp(*growth / (span.hidden_layers() - 1));
  }
}

/// One kind of tensor (".mlp.weight") in every block of a family, in the order of the blocks.
using Column = std::vector<const TensorRecord*>;

/// The gradients of the kernels that every block has once.
std::vector<Column> kernels_of(const BlockFamily& family,
                               const std::vector<const TensorRecord*>& gradients) {
  std::map<std::string_view, Column> by_suffix;
  for (const auto& [number, members] : family.blocks) {
    for (const BlockFamily::Member& member : members) {
      const TensorRecord* gradient = gradients[member.index];
      if (gradient->rank >= 2) by_suffix[member.suffix].push_back(gradient);
    }
  }
  std::vector<Column> columns;
  for (auto& [suffix, column] : by_suffix) {
    if (column.size() == family.blocks.size()) columns.push_back(std::move(column));
  }
  return columns;
}

bool has_one_shape(const Column& column) {
  return std::ranges::all_of(column, [&](const TensorRecord* gradient) {
    return gradient->rows == column[0]->rows && gradient->cols == column[0]->cols;
  });
}

/// Whether each kernel takes what the one before gives, as in a plain chain of dense layers.
bool is_chain(const std::vector<Column>& columns) {
  if (columns.size() != 1) return false;
  return std::ranges::adjacent_find(columns[0], [&](const auto* a, const auto* b) {
           return a->unit_count() != b->input_count();
         }) == columns[0].end();
}

/// A chain's first and last kernels have shapes of their own: without them its blocks are alike.
void keep_alike_blocks(BlockFamily& family, const std::vector<const TensorRecord*>& gradients) {
  const auto shape_of = [&](const auto& block) {
    std::map<std::string_view, std::pair<std::int64_t, std::int64_t>> shapes;
    for (const BlockFamily::Member& member : block.second) {
      const TensorRecord& gradient = *gradients[member.index];
      shapes[member.suffix] = {gradient.rows, gradient.cols};
    }
    return shapes;
  };
  if (family.blocks.size() <= kMinBlocks) return;
  const auto middle = shape_of(
      *std::next(family.blocks.begin(), static_cast<std::ptrdiff_t>(family.blocks.size() / 2)));
  while (!family.blocks.empty() && shape_of(*family.blocks.begin()) != middle) {
    family.blocks.erase(family.blocks.begin());
  }
  while (!family.blocks.empty() && shape_of(*std::prev(family.blocks.end())) != middle) {
    family.blocks.erase(std::prev(family.blocks.end()));
  }
}

/// Geometric mean of first over last, over the kernels that are alike in every block.
std::optional<double> block_factor(const std::vector<Column>& columns) {
  double sum = 0.0;
  int count = 0;
  for (const Column& column : columns) {
    if (!has_one_shape(column)) continue;
    const double first = column.front()->stats.l2_norm(), last = column.back()->stats.l2_norm();
    if (!is_usable(first) || !is_usable(last)) continue;
    sum += std::log(first) - std::log(last);
    ++count;
  }
  return count > 0 ? std::optional(std::exp(sum / count)) : std::nullopt;
}

using Ratios = std::vector<std::optional<double>>;

/// Smallest over largest of the ratios that are known.
std::optional<double> spread(const std::vector<double>& ratios) {
  if (ratios.size() < 2) return std::nullopt;
  const auto [smallest, largest] = std::ranges::minmax(ratios);
  return is_usable(smallest) ? std::optional(smallest / largest) : std::nullopt;
}

std::optional<double> spread_of_layers(const HealthMetrics& metrics, const Ratios& ratios) {
  const int head = head_layer(metrics);
  std::vector<double> hidden;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const int layer = metrics.tensors[i].layer;
    if (ratios[i] && layer >= 0 && layer < head) hidden.push_back(*ratios[i]);
  }
  return spread(hidden);
}

/// The median over the kinds of kernel: query and key have far smaller gradients than the rest of a
/// block, in every block alike.
std::optional<double> spread_of_blocks(const HealthMetrics& metrics, const Ratios& ratios,
                                       const std::vector<Column>& columns) {
  std::vector<double> spreads;
  for (const Column& column : columns) {
    std::vector<double> known;
    for (const TensorRecord* gradient : column) {
      const auto& ratio = ratios[static_cast<std::size_t>(gradient - metrics.tensors.data())];
      if (ratio) known.push_back(*ratio);
    }
    if (known.size() != column.size()) continue;
    if (const auto one = spread(known)) spreads.push_back(*one);
  }
  if (spreads.empty()) return std::nullopt;
  const auto middle = spreads.begin() + static_cast<std::ptrdiff_t>(spreads.size() / 2);
  std::ranges::nth_element(spreads, middle);
  return *middle;
}

void read_names(const HealthMetrics& metrics, const Ratios& ratios, SignalFlow& flow) {
  std::vector<const TensorRecord*> gradients;
  std::vector<std::string_view> names;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role != Role::kGradient || !tensor.exists) continue;
    gradients.push_back(&tensor);
    names.push_back(tensor.name);
  }
  for (BlockFamily& family : block_families(names)) {
    std::vector<Column> columns = kernels_of(family, gradients);
    if (columns.empty()) continue;
    if (is_chain(columns)) columns[0].pop_back();  // The head.
    if (!flow.relative_gradient_spread) {
      flow.relative_gradient_spread = spread_of_blocks(metrics, ratios, columns);
    }
    keep_alike_blocks(family, gradients);
    if (flow.block_factor || family.blocks.size() < kMinBlocks) continue;
    flow.block_factor = block_factor(kernels_of(family, gradients));
    if (flow.block_factor) flow.blocks = static_cast<int>(family.blocks.size());
  }
}

}  // namespace

std::vector<std::optional<double>> gradient_to_weight_ratios(const HealthMetrics& metrics) {
  std::map<std::string_view, double> weight_rms;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kWeight) weight_rms[tensor.name] = tensor.stats.rms();
  }
  Ratios ratios(metrics.tensors.size());
  if (weight_rms.empty()) return ratios;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const TensorRecord& tensor = metrics.tensors[i];
    if (tensor.role != Role::kGradient || tensor.rank < 2 || tensor.stats.finite_count() == 0) {
      continue;
    }
    const auto weight = weight_rms.find(tensor.name);
    if (weight != weight_rms.end() && is_usable(weight->second)) {
      ratios[i] = tensor.stats.rms() / weight->second;
    }
  }
  return ratios;
}

SignalFlow signal_flow(const HealthMetrics& metrics) {
  SignalFlow flow;
  read_deltas(metrics, flow);
  read_pre_activations(metrics, flow);
  const Ratios ratios = gradient_to_weight_ratios(metrics);
  // An empty optional is less than any value.
  if (!ratios.empty()) flow.gradient_to_weight = std::ranges::max(ratios);
  if (head_layer(metrics) >= 0) {
    flow.relative_gradient_spread = spread_of_layers(metrics, ratios);
  } else {
    read_names(metrics, ratios, flow);
  }
  return flow;
}

}  // namespace gradvitals
