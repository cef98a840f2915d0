#include "training/norm_growth.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace gradvitals {

std::vector<NormGrowth> fastest_growth(const std::vector<const HealthMetrics*>& steps,
                                       std::size_t most) {
  std::map<std::pair<Role, std::string_view>, NormGrowth> known;
  std::int64_t number = -1;
  for (const HealthMetrics* const metrics : steps) {
    number = metrics->step.value_or(number + 1);
    for (const TensorRecord& tensor : metrics->tensors) {
      const bool is_followed = tensor.role == Role::kGradient || tensor.role == Role::kWeight;
      const double norm = tensor.stats.l2_norm();
      if (!is_followed || tensor.stats.nonfinite_count() > 0 || !(norm > 0.0)) continue;
      const auto [entry, is_new] = known.try_emplace({tensor.role, tensor.name.text()});
      NormGrowth& growth = entry->second;
      if (is_new || norm <= growth.first_norm) {
        growth.first_step = number;
        growth.first_norm = norm;
      }
      growth.last_step = number;
      growth.last_norm = norm;
    }
  }
  std::vector<NormGrowth> grown;
  for (auto& [key, growth] : known) {
    if (!(growth.factor() > 1.0)) continue;
    growth.role = key.first;
    growth.tensor = key.second;
    grown.push_back(std::move(growth));
  }
  std::ranges::stable_sort(grown, std::ranges::greater{}, &NormGrowth::factor);
  if (grown.size() > most) grown.resize(most);
  return grown;
}

}  // namespace gradvitals
