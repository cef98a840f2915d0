#include "monitor/recorded/recorded_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/runtime/input_message.h"
#include "monitor/metrics/norm_names.h"
#include "monitor/recorded/repeated_steps.h"

namespace gradvitals {
namespace {

/// Which names of a log are norms.
struct NormChoice {
  std::vector<bool> is_norm;
  std::optional<std::size_t> total;  ///< Of these, the norm of all together.
  std::size_t prefix_bytes = 0;      ///< Of the run's name before each.
};

NormChoice choose(const std::vector<std::string>& names, const std::vector<bool>& known) {
  NormChoice choice{.is_norm = choose_norms(names, known), .total = {}};
  choice.total = total_norm_among(names, choice.is_norm);
  std::vector<std::string_view> chosen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (choice.is_norm[i]) chosen.push_back(names[i]);
  }
  choice.prefix_bytes = run_prefix(chosen).size();
  return choice;
}

/// Gathers records into steps.
class StepBuilder {
 public:
  StepBuilder(const std::vector<std::string>& names, NormChoice choice)
      : names_(names.size()), choice_(std::move(choice)), opened_in_(names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (choice_.is_norm[i]) names_[i] = names[i].substr(choice_.prefix_bytes);
    }
  }

  void add(const LoggedRecord& record, std::optional<std::int64_t> step);
  RecordedMetrics finish() {
    close();
    return std::move(result_);
  }

 private:
  bool holds_norm(const LoggedRecord& record) const;
  bool continues(const LoggedRecord& record, std::optional<std::int64_t> step) const;
  void append(const LoggedRecord& record);
  void close();

  std::vector<Name> names_;  ///< Of norms, without the run's: all steps share them.
  NormChoice choice_;
  RecordedMetrics result_;

  // The step that is gathered.
  std::optional<std::int64_t> step_;
  std::optional<double> loss_;
  std::vector<LoggedRecord::Value> norms_;
  /// For each name the last step that had it, counted from 1: no step is searched for a name.
  std::vector<std::size_t> opened_in_;
  std::size_t steps_opened_ = 1;
};

bool StepBuilder::holds_norm(const LoggedRecord& record) const {
  // Tables write null where an evaluation, which has no norms, shares their columns.
  return std::ranges::any_of(record.values, [&](const LoggedRecord::Value& value) {
    return choice_.is_norm[value.name] && !(record.is_evaluation && std::isnan(value.value));
  });
}

bool StepBuilder::continues(const LoggedRecord& record, std::optional<std::int64_t> step) const {
  return step && step == step_ &&
         std::ranges::none_of(record.values, [&](const LoggedRecord::Value& value) {
           return opened_in_[value.name] == steps_opened_;
         });
}

void StepBuilder::append(const LoggedRecord& record) {
  if (record.loss) loss_ = record.loss;
  result_.norms_not_recorded += std::ranges::count_if(
      record.empty, [&](std::size_t name) { return bool{choice_.is_norm[name]}; });
  for (const LoggedRecord::Value& value : record.values) {
    if (!choice_.is_norm[value.name]) continue;
    norms_.push_back(value);
    opened_in_[value.name] = steps_opened_;
  }
}

void StepBuilder::close() {
  ++steps_opened_;
  const std::vector<LoggedRecord::Value> values = std::exchange(norms_, {});
  const std::optional<double> loss = std::exchange(loss_, std::nullopt);
  if (values.empty()) return;
  const bool drops_total =
      values.size() > 1 && std::ranges::all_of(values, [](const LoggedRecord::Value& value) {
        return std::isfinite(value.value);
      });
  std::vector<double> norms;
  std::vector<Name> names;
  for (const LoggedRecord::Value& value : values) {
    if (drops_total && value.name == choice_.total) continue;
    norms.push_back(value.value);
    names.push_back(names_[value.name]);
  }
  RecordedStep& recorded = result_.steps.emplace_back();
  recorded.metrics = metrics_from_norms(std::move(norms));
  recorded.metrics.gradient_names = std::move(names);
  recorded.metrics.loss = loss;
  recorded.step = recorded.metrics.step = step_;
}

void StepBuilder::add(const LoggedRecord& record, std::optional<std::int64_t> step) {
  if (record.metrics) {
    close();
    RecordedStep& recorded = result_.steps.emplace_back();
    recorded.metrics = *record.metrics;
    recorded.step = recorded.metrics.step = step;
  } else if (holds_norm(record)) {
    if (!continues(record, step)) close();
    step_ = step;
    append(record);
  } else {
    ++result_.records_without_norms;
  }
}

}  // namespace

bool is_passed_over(std::string_view name, const std::string& path) {
  if (name.size() <= kMaxNormNameBytes) return false;
  if (says_gradient(name)) refuse_long_norm(name, path);
  return true;
}

void refuse_long_norm(std::string_view name, const std::string& path) {
  refuse_input(path, fmt::format("name {} has {} bytes, and that of a norm has at most {}",
                                 in_quotes(name), name.size(), kMaxNormNameBytes));
}

std::size_t TrainingLog::index_of(std::string_view name, bool is_norm) {
  const auto [entry, is_new] = indices_.emplace(std::string(name), names_.size());
  if (is_new) {
    names_.emplace_back(name);
    known_norms_.push_back(false);
  }
  if (is_norm) known_norms_[entry->second] = true;
  return entry->second;
}

void TrainingLog::add_text(std::string_view name, std::int64_t number, std::string_view text) {
  if (name.size() > kMaxNormNameBytes) return;  // None of a norm's.
  const std::size_t index = index_of(name);
  const auto [entry, is_new] = texts_of_names_.emplace(index, texts_.size());
  if (is_new) {
    texts_.push_back({.name = index,
                      .where = fmt::format("{}{} is {}, not a number", place_of(number),
                                           in_quotes(name), in_quotes(text))});
  }
  ++texts_[entry->second].count;
}

void TrainingLog::leave_out_text(std::string_view name, std::string where) {
  if (left_out_.names.empty()) left_out_.where = std::move(where);
  left_out_.names.emplace_back(name);
}

void TrainingLog::supersede(std::int64_t step, double norm) {
  if (superseded_.records++ == 0) superseded_.first = step;
  if (!std::isfinite(norm)) ++superseded_.not_finite;
}

std::string TrainingLog::place_of(std::int64_t number) const {
  return number > 0 ? fmt::format("{} {}: ", unit_, number) : "";
}

/// A name that holds text is a label ("host") and no norm; where its name says otherwise, or numbers
/// stand under it as well, the text is at fault.
TrainingLog::LeftOut TrainingLog::leave_out_texts(std::vector<bool>& is_norm) const {
  LeftOut left_out = left_out_;
  if (texts_.empty()) return left_out;
  std::vector<std::int64_t> numbers(names_.size());
  for (const LoggedRecord& record : records_) {
    for (const LoggedRecord::Value& value : record.values) ++numbers[value.name];
  }
  for (const auto& [name, count, where] : texts_) {
    if (!is_norm[name]) continue;
    const bool is_expected =
        known_norms_[name] || says_gradient(names_[name]) || is_parameter_name(names_[name]);
    if (is_expected || count < numbers[name]) refuse_input(path_, where);
    is_norm[name] = false;
    if (left_out.names.empty()) left_out.where = where;
    left_out.names.push_back(names_[name]);
  }
  return left_out;
}

void TrainingLog::refuse_without_norms(const std::vector<bool>& is_norm,
                                       const std::string& text) const {
  const auto empty = std::ranges::find(is_norm, true);
  std::string why = "no name has \"grad\" in it, and every other is known for something else";
  if (!text.empty()) {
    why = text + ", and no other name is that of a norm";
  } else if (empty != is_norm.end()) {
    why = fmt::format("every value of {} is empty or null, which is none (a NaN is written NaN)",
                      in_quotes(names_[static_cast<std::size_t>(empty - is_norm.begin())]));
  }
  refuse_input(path_, "holds no gradient norms: " + why);
}

void TrainingLog::refuse_negative(const LoggedRecord& record,
                                  const std::vector<bool>& is_norm) const {
  for (const auto& [name, value] : record.values) {
    if (!is_norm[name] || !(value < 0.0)) continue;
    refuse_input(path_, fmt::format("{}{} is negative, and a norm is not", place_of(record.number),
                                    in_quotes(names_[name])));
  }
}

RecordedMetrics TrainingLog::to_metrics() const {
  NormChoice choice = choose(names_, known_norms_);
  LeftOut left_out = leave_out_texts(choice.is_norm);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!choice.is_norm[i] || names_[i].size() <= kMaxNormNameBytes) continue;
    refuse_long_norm(names_[i], path_);
  }
  StepBuilder builder(names_, choice);
  const bool has_steps = std::ranges::any_of(
      records_, [](const LoggedRecord& record) { return record.step.has_value(); });
  const bool numbers_steps = are_steps_ && !has_steps && records_.size() > 1;
  std::int64_t place = 0;
  for (const LoggedRecord& record : records_) {
    refuse_negative(record, choice.is_norm);
    builder.add(record, numbers_steps ? std::optional(place++) : record.step);
  }
  RecordedMetrics metrics = builder.finish();
  if (metrics.steps.empty()) refuse_without_norms(choice.is_norm, left_out.where);
  metrics.texts_left_out = std::move(left_out.names);
  metrics.superseded = superseded_;
  if (are_steps_) settle_repeated_steps(metrics);
  return metrics;
}

}  // namespace gradvitals
