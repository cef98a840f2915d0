#include "monitor/metrics/networks.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "monitor/metrics/distinct_names.h"

namespace gradvitals {
namespace {

/// By the numbers that the views give them.
using Numbers = std::map<int, int>;

/// Whether a view knows its network: a model does not know which others its weights stand beside,
/// and a loss belongs to all.
bool tells_network(const TensorView& view) {
  return view.role != Role::kWeight && view.role != Role::kLoss;
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

/// By model and scope.
using Places = std::map<std::pair<std::string_view, std::string_view>, Place>;

std::pair<std::string_view, std::string_view> layer_key(const TensorView& view) {
  return {view.model, scope_of(view.name)};
}

Places known_places(std::span<const TensorView> views, const Numbers& numbers) {
  Places places;
  for (const TensorView& view : views) {
    if (!tells_network(view) || view.layer < 0) continue;
    places.try_emplace(layer_key(view), Place{view.layer, numbers.at(view.network)});
  }
  return places;
}

/// The view of a network's first layer that comes first; of any where no layer is known.
const TensorRecord& first_layer(std::span<const TensorRecord> records, int network) {
  const auto order = [network](const TensorRecord& record) {
    return std::tuple(record.network != network, record.layer < 0, record.layer);
  };
  return *std::ranges::min_element(records, {}, order);
}

std::vector<std::string> names_of_networks(std::span<const TensorView> views,
                                           std::span<const TensorRecord> records, int count) {
  std::vector<std::string> names;
  for (int network = 0; network < count; ++network) {
    const TensorRecord& record = first_layer(records, network);
    const std::string_view model = views[static_cast<std::size_t>(&record - records.data())].model;
    std::string name(model.empty() ? scope_of(record.name) : model);
    if (name.empty()) name = "network";
    const std::string shared = name;
    for (int number = 2; std::ranges::count(names, name) > 0; ++number) {
      name = numbered_name(shared, number);
    }
    names.push_back(std::move(name));
  }
  return names;
}

HealthMetrics without_tensors(const HealthMetrics& metrics, std::vector<double> norms) {
  HealthMetrics part = metrics_from_norms(std::move(norms));
  part.step = metrics.step;
  part.loss_scale = metrics.loss_scale;
  part.loss = metrics.loss;
  return part;
}

}  // namespace

std::vector<std::string> place_in_networks(std::span<const TensorView> views,
                                           std::span<TensorRecord> records) {
  const Numbers numbers = number_networks(views);
  if (numbers.size() < 2) return {};
  const Places places = known_places(views, numbers);
  for (std::size_t i = 0; i < views.size(); ++i) {
    const auto number = numbers.find(views[i].network);
    records[i].network = number == numbers.end() ? 0 : number->second;
    if (tells_network(views[i]) && views[i].layer >= 0) continue;
    const auto place = places.find(layer_key(views[i]));
    if (place == places.end()) continue;
    records[i].layer = place->second.layer;
    records[i].network = place->second.network;
  }
  return names_of_networks(views, records, static_cast<int>(numbers.size()));
}

std::vector<HealthMetrics> split_networks(const HealthMetrics& metrics) {
  std::vector<HealthMetrics> parts;
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
                         [network](const UnitRecord& unit) { return unit.network == network; });
  }
  return parts;
}

}  // namespace gradvitals
