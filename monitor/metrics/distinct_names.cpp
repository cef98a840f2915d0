#include "monitor/metrics/distinct_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace gradvitals {
namespace {

/// A view and the name that it has so far.
struct Named {
  const TensorView* view;
  Name* name;

  auto tensor() const { return std::tuple(view->role, std::string_view(*name)); }
};

/// Those of one role and name next to each other, network by network.
std::vector<Named> sorted_by_name(std::span<const TensorView> views, std::vector<Name>& names) {
  std::vector<Named> sorted;
  sorted.reserve(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) sorted.push_back({&views[i], &names[i]});
  std::ranges::stable_sort(sorted, {}, [](const Named& named) {
    return std::tuple_cat(named.tensor(), std::tuple(named.view->network));
  });
  return sorted;
}

/// Regardless of the role: the gradient of a kernel must not be mistaken for that of another model.
bool models_share_names(std::span<const TensorView> views) {
  std::unordered_map<std::string_view, std::string_view> models;
  return std::ranges::any_of(views, [&models](const TensorView& view) {
    return models.try_emplace(view.name, view.model).first->second != view.model;
  });
}

void number_namesakes(const std::vector<Named>& sorted) {
  std::set<std::pair<Role, Name>> taken;
  for (const Named& named : sorted) taken.insert({named.view->role, *named.name});
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto end = std::find_if(
        first, sorted.end(), [&](const Named& other) { return other.tensor() != first->tensor(); });
    const Name shared = *first->name;
    for (int number = 2; ++first != end;) {
      do {
        *first->name = numbered_name(shared, number++);
      } while (!taken.insert({first->view->role, *first->name}).second);
    }
  }
}

}  // namespace

std::string numbered_name(std::string_view name, int number) {
  const std::size_t scope = scope_of(name).size();
  return fmt::format("{}#{}{}", name.substr(0, scope), number, name.substr(scope));
}

std::vector<Name> distinct_names(std::span<const TensorView> views) {
  std::vector<Name> names;
  names.reserve(views.size());
  for (const TensorView& view : views) names.push_back(view.name);
  if (models_share_names(views)) {
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (!views[i].model.empty()) names[i] = fmt::format("{}/{}", views[i].model, views[i].name);
    }
  }
  number_namesakes(sorted_by_name(views, names));
  return names;
}

}  // namespace gradvitals
