#include "training/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// A row of float32 probabilities adds up to 1 this closely, of any length that fits in memory.
constexpr double kSumTolerance = 1e-4;

[[noreturn]] void refuse_target(const std::string& path, std::int64_t row, double value,
                                std::string_view what) {
  refuse_input(path, fmt::format("row {}: target {} {}", row + 1, value, what));
}

bool is_distribution(std::span<const double> row) {
  double sum = 0.0;
  for (const double value : row) {
    if (!(value >= 0.0)) return false;
    sum += value;
  }
  return std::abs(sum - 1.0) <= kSumTolerance;
}

void check_distributions(const Dataset& dataset, const std::string& path) {
  const auto outputs = static_cast<std::size_t>(dataset.outputs);
  for (std::int64_t row = 0; row < dataset.rows; ++row) {
    const auto target =
        std::span(dataset.y).subspan(static_cast<std::size_t>(row) * outputs, outputs);
    if (is_distribution(target)) continue;
    refuse_input(path,
                 fmt::format("row {}: its {} targets are no probabilities of classes, which add "
                             "up to 1",
                             row + 1, outputs));
  }
}

/// The number of classes that the indices show.
std::int64_t checked_classes(const Dataset& dataset, const std::string& path) {
  double largest = 0.0;
  for (std::int64_t row = 0; row < dataset.rows; ++row) {
    const double index = dataset.y[static_cast<std::size_t>(row)];
    if (!(index >= 0.0) || index != std::floor(index)) {
      refuse_target(path, row, index, "is no class: classes are whole numbers from 0 on");
    }
    if (index >= static_cast<double>(dataset.rows)) {
      refuse_target(path, row, index,
                    fmt::format("is no class: {} samples have no more classes than that, numbered "
                                "from 0 on",
                                dataset.rows));
    }
    largest = std::max(largest, index);
  }
  return static_cast<std::int64_t>(largest) + 1;
}

}  // namespace

Targets as_classes(const Dataset& dataset, const std::string& path, std::int64_t classes) {
  if (dataset.outputs > 1) {
    check_distributions(dataset, path);
    return {.outputs = dataset.outputs, .values = dataset.y};
  }
  classes = std::max(classes, checked_classes(dataset, path));
  if (classes < 2) refuse_input(path, "all samples are of class 0: there is nothing to learn");
  Targets targets{.outputs = classes, .values = {}};
  targets.values.assign(static_cast<std::size_t>(dataset.rows * classes), 0.0);
  for (std::int64_t row = 0; row < dataset.rows; ++row) {
    const auto index = static_cast<std::int64_t>(dataset.y[static_cast<std::size_t>(row)]);
    targets.values[static_cast<std::size_t>(row * classes + index)] = 1.0;
  }
  return targets;
}

void check_probabilities(const Dataset& dataset, const std::string& path) {
  for (std::size_t i = 0; i < dataset.y.size(); ++i) {
    if (dataset.y[i] >= 0.0 && dataset.y[i] <= 1.0) continue;
    refuse_target(path, static_cast<std::int64_t>(i) / dataset.outputs, dataset.y[i],
                  "is not in [0, 1], as this loss needs it");
  }
}

}  // namespace gradvitals
