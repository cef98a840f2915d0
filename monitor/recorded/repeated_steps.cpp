#include "monitor/recorded/repeated_steps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gradvitals {
namespace {

void count(RepeatedSteps& repeated, const RecordedStep& record) {
  if (repeated.records++ == 0) repeated.first = *record.step;
}

bool is_finite(const RecordedStep& record) {
  return std::ranges::all_of(record.metrics.gradient_norms,
                             [](double norm) { return std::isfinite(norm); });
}

/// For each step where the last records of it that follow each other begin.
class LastRecords {
 public:
  explicit LastRecords(const std::vector<RecordedStep>& records) : records_(records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const bool begins = i == 0 || records[i - 1].step != records[i].step;
      if (records[i].step && begins) last_[*records[i].step] = i;
    }
  }

  /// Whether the same norms come again in the last record of the step.
  bool supersede(std::size_t place) {
    if (!records_[place].step) return false;
    const std::size_t last = last_.at(*records_[place].step);
    if (place >= last) return false;
    const auto [entry, is_new] = names_.try_emplace(last);
    auto& last_names = entry->second;
    const std::vector<Name>& of_last = records_[last].metrics.gradient_names;
    if (is_new) last_names.insert(of_last.begin(), of_last.end());
    const std::vector<Name>& names = records_[place].metrics.gradient_names;
    return names.empty() || of_last.empty() ||
           std::ranges::any_of(names, [&](const auto& name) { return last_names.contains(name); });
  }

 private:
  const std::vector<RecordedStep>& records_;
  std::unordered_map<std::int64_t, std::size_t> last_;
  std::unordered_map<std::size_t, std::unordered_set<std::string_view>> names_;
};

void leave_out_superseded(RecordedMetrics& recorded) {
  std::vector<bool> is_superseded(recorded.steps.size());
  LastRecords last(recorded.steps);
  for (std::size_t i = 0; i < is_superseded.size(); ++i) is_superseded[i] = last.supersede(i);
  std::vector<RecordedStep> kept;
  for (std::size_t i = 0; i < is_superseded.size(); ++i) {
    if (!is_superseded[i]) {
      kept.push_back(std::move(recorded.steps[i]));
      continue;
    }
    count(recorded.superseded, recorded.steps[i]);
    if (!is_finite(recorded.steps[i])) ++recorded.superseded.not_finite;
  }
  recorded.steps = std::move(kept);
}

}  // namespace

void settle_repeated_steps(RecordedMetrics& recorded) {
  leave_out_superseded(recorded);
  std::unordered_map<std::int64_t, std::int64_t> records_of;
  for (const RecordedStep& record : recorded.steps) {
    if (record.step) ++records_of[*record.step];
  }
  for (const RecordedStep& record : recorded.steps) {
    if (record.step && records_of[*record.step] > 1) count(recorded.shared, record);
  }
}

}  // namespace gradvitals
