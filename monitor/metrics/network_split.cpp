#include "monitor/metrics/network_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// By the numbers that the views give them.
using Numbers = std::map<int, int>;

constexpr int kUnknown = -1;

/// Whether the network of a view is known: weights come from a model and updates from an optimizer,
/// which know of no other models, and a loss belongs to all.
bool tells_network(const TensorView& view) {
  switch (view.role) {
    case Role::kWeight:
    case Role::kLoss:
    case Role::kUpdate:
    case Role::kUpdateSquares:
      return false;
    case Role::kGradient:
    case Role::kPreActivation:
    case Role::kOutput:
    case Role::kDelta:
      break;
  }
  return view.network != kUnknown;
}

Numbers number_networks(std::span<const TensorView> views) {
  Numbers numbers;
  for (const TensorView& view : views) {
    if (tells_network(view)) numbers.try_emplace(view.network, static_cast<int>(numbers.size()));
  }
  return numbers;
}

struct Place {
  int layer;
  int network;
};

/// The network of tensors that do not state it: that of the layer with the same model and scope, by
/// the distinct names of the records; else that of their model, a new one if it has no known layer.
class Places {
 public:
  Places(std::span<const TensorView> views, std::span<const TensorRecord> records)
      : numbers_(number_networks(views)), count_(static_cast<int>(numbers_.size())) {
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (!tells_network(views[i])) continue;
      const int network = numbers_.at(views[i].network);
      of_models_.try_emplace(model_key(views[i], records[i]), network);
      if (views[i].layer < 0) continue;
      of_layers_.try_emplace(key(views[i], records[i]), Place{views[i].layer, network});
    }
  }

  int count() const { return count_; }

  Place of(const TensorView& view, const TensorRecord& record) {
    const bool tells = tells_network(view);
    if (tells && view.layer >= 0) return {view.layer, numbers_.at(view.network)};
    const auto layer = of_layers_.find(key(view, record));
    if (layer != of_layers_.end()) return layer->second;
    if (tells) return {view.layer, numbers_.at(view.network)};
    const auto [model, is_new] = of_models_.try_emplace(model_key(view, record), count_);
    if (is_new) ++count_;
    return {view.layer, model->second};
  }

 private:
  using Key = std::pair<std::string_view, std::string_view>;

  static Key key(const TensorView& view, const TensorRecord& record) {
    return {view.model, scope_of(record.name)};
  }

  /// A scope stands for a model without a name.
  static Key model_key(const TensorView& view, const TensorRecord& record) {
    return view.model.empty() ? key(view, record) : Key{view.model, {}};
  }

  Numbers numbers_;
  std::map<Key, Place> of_layers_;
  std::map<Key, int> of_models_;
  int count_;
};

/// The view of a network's first layer that comes first; of any where no layer is known.
const TensorRecord& first_layer(std::span<const TensorRecord> records, int network) {
  const auto order = [network](const TensorRecord& record) {
    return std::tuple(record.network != network, record.layer < 0, record.layer);
  };
  return *std::ranges::min_element(records, {}, order);
}

std::vector<Name> names_of_networks(std::span<const TensorView> views,
                                    std::span<const TensorRecord> records, int count) {
  std::vector<Name> names;
  for (int network = 0; network < count; ++network) {
    const TensorRecord& record = first_layer(records, network);
    const std::string_view model = views[static_cast<std::size_t>(&record - records.data())].model;
    std::string name(model.empty() ? scope_of(record.name) : model);
    if (name.empty()) name = "network";
    const std::string shared = name;
    for (int number = 2; std::ranges::count(names, name) > 0; ++number) {
      name = fmt::format("{}#{}", shared, number);
    }
    names.emplace_back(std::move(name));
  }
  return names;
}

/// Throws where a record belongs to none of the networks: it would be judged nowhere.
void check_network(const Name& name, int network, std::size_t count) {
  if (network >= 0 && static_cast<std::size_t>(network) < count) return;
  throw std::invalid_argument(
      fmt::format("{} is of network {}, and there are {}", in_quotes(name), network, count));
}

HealthMetrics without_tensors(const HealthMetrics& metrics, std::vector<double> norms) {
  HealthMetrics part = metrics_from_norms(std::move(norms));
  part.step = metrics.step;
  part.loss_scale = metrics.loss_scale;
  part.loss = metrics.loss;
  return part;
}

}  // namespace

std::vector<Name> place_in_networks(std::span<const TensorView> views,
                                    std::span<TensorRecord> records) {
  Places places(views, records);
  const bool are_several = places.count() > 1;
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (views[i].role == Role::kLoss) continue;
    const Place place = places.of(views[i], records[i]);
    records[i].layer = place.layer;
    records[i].network = are_several ? place.network : 0;
  }
  if (!are_several) return {};
  return names_of_networks(views, records, places.count());
}

std::vector<HealthMetrics> split_networks(const HealthMetrics& metrics) {
  std::vector<HealthMetrics> parts;
  if (metrics.networks.empty()) return parts;
  for (const TensorRecord& tensor : metrics.tensors) {
    check_network(tensor.name, tensor.network, metrics.networks.size());
  }
  for (const LayerUnits& unit : metrics.units) {
    check_network(unit.name, unit.network, metrics.networks.size());
  }
  for (int network = 0; network < std::ssize(metrics.networks); ++network) {
    std::vector<TensorRecord> tensors;
    std::vector<double> norms;
    for (const TensorRecord& tensor : metrics.tensors) {
      if (tensor.network != network) continue;
      tensors.push_back(tensor);
      if (has_norm(tensor)) norms.push_back(tensor.stats.ieee_norm());
    }
    HealthMetrics& part = parts.emplace_back(without_tensors(metrics, std::move(norms)));
    part.tensors = std::move(tensors);
    std::ranges::copy_if(metrics.units, std::back_inserter(part.units),
                         [network](const LayerUnits& unit) { return unit.network == network; });
  }
  return parts;
}

}  // namespace gradvitals
