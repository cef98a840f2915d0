#include "training/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "kernels/runtime/did_you_mean.h"
#include "kernels/runtime/input_message.h"
#include "monitor/metrics/phrases.h"
#include "training/known_data.h"
#include "training/scaling.h"
#include "training/shuffle.h"
#include "training/targets.h"

namespace gradvitals {
namespace {

constexpr std::int64_t kFewestRows = 2;  ///< One sample has no variance.

using Rows = std::vector<std::int64_t>;

/// A word that is no path is a name, and names are misspelled.
void refuse_unknown_name(const std::string& data) {
  std::error_code ignored;
  const bool may_be_path = data.find_first_of("./") != std::string::npos;
  if (data.empty() || may_be_path || std::filesystem::exists(data, ignored)) return;
  std::vector<std::string> names;
  for (const KnownData& known : kKnownData) names.emplace_back(known.name);
  refuse_input(data, fmt::format("is neither a file nor one of {}{}", known_data_sets(),
                                 did_you_mean(data, names)));
}

std::string feature_text(const Dataset& dataset, std::int64_t feature) {
  if (dataset.feature_names.empty()) return fmt::format("feature {}", feature + 1);
  return fmt::format("feature {}",
                     in_quotes(dataset.feature_names[static_cast<std::size_t>(feature)]));
}

void check_finite(const Dataset& dataset, const std::string& path) {
  const auto is_bad = [](double value) { return !std::isfinite(value); };
  if (const auto bad = std::ranges::find_if(dataset.x, is_bad); bad != dataset.x.end()) {
    const std::int64_t at = bad - dataset.x.begin();
    refuse_input(path, fmt::format("row {}, {}: is {}; training needs finite numbers",
                                   at / dataset.features + 1,
                                   feature_text(dataset, at % dataset.features), *bad));
  }
  if (const auto bad = std::ranges::find_if(dataset.y, is_bad); bad != dataset.y.end()) {
    refuse_input(path, fmt::format("row {}: its target is {}; training needs finite numbers",
                                   (bad - dataset.y.begin()) / dataset.outputs + 1, *bad));
  }
}

void check(const TrainingDataRequest& request) {
  if (request.validation_share >= 0.0 && request.validation_share < 1.0) return;
  throw std::invalid_argument(fmt::format(
      "load_training_data: validation_share is {}, not in [0, 1)", request.validation_share));
}

std::string_view form_text(TargetForm form) {
  switch (form) {
    case TargetForm::kClasses:
      return "classes";
    case TargetForm::kProbabilities:
      return "probabilities";
    case TargetForm::kStandardized:
      return "standardised numbers";
    case TargetForm::kUnitRange:
      return "numbers scaled to [0, 1]";
  }
  return "";
}

/// See TrainingData::whole_targets.
std::vector<double> whole_targets_of(const Dataset& dataset) {
  constexpr std::size_t kMostValues = 10;
  if (dataset.outputs != 1) return {};
  std::set<double> values;
  for (const double value : dataset.y) {
    if (value != std::floor(value)) return {};
    values.insert(value);
    if (values.size() > kMostValues) return {};
  }
  return {values.begin(), values.end()};
}

/// Samples of one or two data sets, scaled by those that are trained on.
class Preparation {
 public:
  Preparation(const Dataset& dataset, Rows training, TargetForm form, std::string path)
      : dataset_(dataset), training_(std::move(training)), form_(form), path_(std::move(path)) {
    check_finite(dataset_, path_);
    if (std::ssize(training_) < kFewestRows) {
      refuse_input(path_, fmt::format("{} samples are left to train on, of {}; {} are the least",
                                      training_.size(), dataset_.rows, kFewestRows));
    }
    targets_ = targets_of(dataset_);
    const Columns x = features_of(dataset_);
    features_ =
        dataset_.has_pixels ? standardizing_together(x, training_) : standardizing(x, training_);
    const Columns y = {targets_.values, targets_.outputs};
    outputs_ = form_ == TargetForm::kStandardized ? standardizing(y, training_)
               : form_ == TargetForm::kUnitRange  ? to_unit_range(y, training_)
                                                  : unchanged(targets_.outputs);
  }

  Samples training() const { return samples(dataset_, targets_, training_); }
  Samples held_out(const Rows& rows) const { return samples(dataset_, targets_, rows); }
  /// All samples of another data set.
  Samples held_out(const Dataset& test) const {
    check_finite(test, path_);
    if (test.features != dataset_.features || test.outputs != dataset_.outputs) {
      refuse_input(path_,
                   fmt::format("its test set has {} features and {} targets, not {} and {}",
                               test.features, test.outputs, dataset_.features, dataset_.outputs));
    }
    const Targets targets = targets_of(test);
    if (targets.outputs != targets_.outputs) {
      refuse_input(path_, fmt::format("its test set has {} classes, not {}", targets.outputs,
                                      targets_.outputs));
    }
    return samples(test, targets, all_rows(test.rows));
  }
  std::int64_t outputs() const { return targets_.outputs; }

 private:
  static Columns features_of(const Dataset& dataset) { return {dataset.x, dataset.features}; }

  Targets targets_of(const Dataset& dataset) const {
    if (form_ == TargetForm::kClasses) return as_classes(dataset, path_, targets_.outputs);
    if (form_ == TargetForm::kProbabilities) check_probabilities(dataset, path_);
    return {.outputs = dataset.outputs, .values = dataset.y};
  }

  Samples samples(const Dataset& dataset, const Targets& targets, const Rows& rows) const {
    return {.rows = std::ssize(rows),
            .x = scaled_rows(features_of(dataset), rows, features_),
            .y = scaled_rows({targets.values, targets.outputs}, rows, outputs_),
            .source_rows = rows};
  }

  const Dataset& dataset_;
  Rows training_;
  TargetForm form_;
  std::string path_;
  Targets targets_{};
  Scaling features_;
  Scaling outputs_;
};

/// Classes by name are no numbers: their order means nothing.
void refuse_names(const Dataset& dataset, TargetForm form, const std::string& path) {
  const bool is_binary = dataset.class_names.size() == 2 && form == TargetForm::kProbabilities;
  if (dataset.class_names.empty() || form == TargetForm::kClasses || is_binary) return;
  refuse_input(path,
               fmt::format("its targets are names of classes ({}), and no numbers: learn them "
                           "with --loss cross_entropy and a linear output for each",
                           list_names(dataset.class_names)));
}

TrainingData make_data(const Dataset& dataset, const Dataset* test,
                       const TrainingDataRequest& request, TargetForm form) {
  refuse_names(dataset, form, request.data);
  RowSplit split = test != nullptr
                       ? RowSplit{.training = all_rows(dataset.rows), .held_out = {}}
                       : split_rows(dataset.rows, request.validation_share, request.seed);
  const Preparation ready(dataset, std::move(split.training), form, request.data);
  TrainingData data{
      .name = request.data,
      .features = dataset.features,
      .outputs = ready.outputs(),
      .training = ready.training(),
      .validation = test != nullptr ? ready.held_out(*test) : ready.held_out(split.held_out)};
  data.description = fmt::format(
      "{}: {} samples to train on, {} held out; {} {}, standardised{}; {} {}: {}", data.name,
      data.training.rows, data.validation.rows, data.features,
      plural(data.features, "feature", "features"), dataset.has_pixels ? " together" : "",
      data.outputs, plural(data.outputs, "target", "targets"), form_text(form));
  data.form = form;
  data.class_names = dataset.class_names;
  if (!data.class_names.empty()) {
    data.description += fmt::format(", {}", list_names(data.class_names));
  } else {
    data.whole_targets = whole_targets_of(dataset);
  }
  return data;
}

TrainingData load_known(const KnownData& known, const TrainingDataRequest& request) {
  if (!request.target.empty()) {
    throw std::invalid_argument(
        fmt::format("load_training_data: {} has its own target; {} is one too many", known.name,
                    in_quotes(request.target)));
  }
  const KnownSamples samples = load_known_data(known, request.folder);
  return make_data(samples.training, samples.test ? &*samples.test : nullptr, request,
                   request.form.value_or(known.form));
}

}  // namespace

TargetForm target_form(LossKind loss, Activation head) {
  switch (loss) {
    case LossKind::kSoftmaxCrossEntropy:
      return TargetForm::kClasses;
    case LossKind::kBinaryCrossEntropy:
    case LossKind::kBinaryCrossEntropyFromLogits:
      return TargetForm::kProbabilities;
    case LossKind::kMse:
      break;
  }
  return head == Activation::kSigmoid ? TargetForm::kUnitRange : TargetForm::kStandardized;
}

std::string known_data_sets() {
  std::string text;
  for (const KnownData& known : kKnownData) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", known.name);
  }
  return text;
}

TrainingData make_training_data(const Dataset& dataset, const TrainingDataRequest& request) {
  check(request);
  const TargetForm form =
      dataset.class_names.empty() ? TargetForm::kStandardized : TargetForm::kClasses;
  return make_data(dataset, nullptr, request, request.form.value_or(form));
}

TrainingData load_training_data(const TrainingDataRequest& request) {
  check(request);
  if (const KnownData* const known = find_known_data(request.data)) {
    return load_known(*known, request);
  }
  refuse_unknown_name(request.data);
  return make_training_data(request.target.empty() ? load_dataset(request.data)
                                                   : load_dataset(request.data, request.target),
                            request);
}

}  // namespace gradvitals
