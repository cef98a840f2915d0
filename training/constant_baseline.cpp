#include "training/constant_baseline.h"

#include <algorithm>
#include <cstdint>

#include "training/evaluation.h"
#include "training/prescription.h"

namespace gradvitals {
namespace {

/// Their mean is right to some percent, and they cost less than a few steps.
constexpr std::int64_t kMostRowsCompared = 2000;

/// Rows at equal distances: a file may be sorted by its targets.
Samples spread_rows(const Samples& all) {
  Samples some{.rows = std::min(all.rows, kMostRowsCompared), .x = {}, .y = {}};
  const auto append = [](const std::vector<float>& from, std::int64_t rows, std::int64_t row,
                         std::vector<float>& to) {
    const std::int64_t cols = std::ssize(from) / rows;
    to.insert(to.end(), from.begin() + row * cols, from.begin() + (row + 1) * cols);
  };
  for (std::int64_t i = 0; i < some.rows; ++i) {
    const std::int64_t row = i * all.rows / some.rows;
    append(all.x, all.rows, row, some.x);
    append(all.y, all.rows, row, some.y);
  }
  return some;
}

}  // namespace

bool has_varied_targets(const Samples& samples) {
  const auto outputs = std::ssize(samples.y) / std::max<std::int64_t>(samples.rows, 1);
  // Each row against the one before it.
  return !std::equal(samples.y.begin() + outputs, samples.y.end(), samples.y.begin());
}

ConstantBaseline compare_with_constant(Stream& stream, const Sequential& model, LossKind loss,
                                       const Samples& training) {
  const Samples samples = spread_rows(training);
  ConstantBaseline baseline{.loss = evaluate(stream, model, loss, samples).loss,
                            .constant_loss = constant_prediction_loss(loss, samples, samples)};
  baseline.is_beaten = baseline.loss <= (1.0 - kClearMargin) * baseline.constant_loss;
  return baseline;
}

}  // namespace gradvitals
