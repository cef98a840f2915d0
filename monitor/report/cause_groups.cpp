#include "monitor/report/cause_groups.h"

#include <algorithm>

#include "monitor/rules/root_causes.h"

namespace gradvitals {

std::vector<CauseGroup> group_by_cause(std::span<const Finding> findings) {
  std::vector<CauseGroup> causes;
  for (const Finding& finding : findings) {
    if (!finding.consequence_of) causes.push_back({&finding, {}});
  }
  for (const Finding& finding : findings) {
    if (!finding.consequence_of) continue;
    const auto cause = std::ranges::find_if(causes, [&finding](const CauseGroup& candidate) {
      return is_named_cause(*candidate.root, finding);
    });
    if (cause == causes.end()) {
      causes.push_back({&finding, {}});
    } else {
      cause->consequences.push_back(&finding);
    }
  }
  return causes;
}

}  // namespace gradvitals
