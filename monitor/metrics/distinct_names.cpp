#include "monitor/metrics/distinct_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>

namespace gradvitals {
namespace {

/// A view and the name that it has so far.
struct Named {
  const TensorView* view;
  std::string* name;

  auto tensor() const { return std::tuple(view->role, std::string_view(*name)); }
};

/// Those of one role and name next to each other, network by network.
std::vector<Named> sorted_by_name(std::span<const TensorView> views,
                                  std::vector<std::string>& names) {
  std::vector<Named> sorted;
  sorted.reserve(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) sorted.push_back({&views[i], &names[i]});
  std::ranges::stable_sort(sorted, {}, [](const Named& named) {
    return std::tuple_cat(named.tensor(), std::tuple(named.view->network));
  });
  return sorted;
}

bool models_share_names(const std::vector<Named>& sorted) {
  return std::ranges::adjacent_find(sorted, [](const Named& a, const Named& b) {
           return a.tensor() == b.tensor() && a.view->model != b.view->model;
         }) != sorted.end();
}

void number_namesakes(const std::vector<Named>& sorted) {
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto end = std::find_if(
        first, sorted.end(), [&](const Named& other) { return other.tensor() != first->tensor(); });
    const std::string shared = *first->name;
    for (int number = 2; ++first != end; ++number) *first->name = numbered_name(shared, number);
  }
}

}  // namespace

std::string numbered_name(std::string_view name, int number) {
  const std::size_t scope = scope_of(name).size();
  return fmt::format("{}#{}{}", name.substr(0, scope), number, name.substr(scope));
}

std::vector<std::string> distinct_names(std::span<const TensorView> views) {
  std::vector<std::string> names;
  names.reserve(views.size());
  for (const TensorView& view : views) names.emplace_back(view.name);
  if (models_share_names(sorted_by_name(views, names))) {
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (!views[i].model.empty()) names[i] = fmt::format("{}/{}", views[i].model, views[i].name);
    }
  }
  number_namesakes(sorted_by_name(views, names));
  return names;
}

}  // namespace gradvitals
