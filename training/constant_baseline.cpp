#include "training/constant_baseline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <random>
#include <vector>

#include "training/evaluation.h"

namespace gradvitals {
namespace {

/// Their mean is right to some percent, and they cost less than a few steps.
constexpr std::int64_t kMostRowsCompared = 2000;

/// Drawn at random: a file may be sorted by its targets, or have them take turns.
Samples drawn_rows(const Samples& all) {
  Samples some{.rows = std::min(all.rows, kMostRowsCompared), .x = {}, .y = {}};
  std::vector<std::int64_t> places(static_cast<std::size_t>(all.rows)), drawn;
  std::iota(places.begin(), places.end(), 0);
  constexpr std::uint64_t kSeed = 1;
  std::sample(places.begin(), places.end(), std::back_inserter(drawn), some.rows,
              std::mt19937_64(kSeed));
  const auto append = [](const std::vector<float>& from, std::int64_t rows, std::int64_t row,
                         std::vector<float>& to) {
    const std::int64_t cols = std::ssize(from) / rows;
    to.insert(to.end(), from.begin() + row * cols, from.begin() + (row + 1) * cols);
  };
  for (const std::int64_t row : drawn) {
    append(all.x, all.rows, row, some.x);
    append(all.y, all.rows, row, some.y);
  }
  return some;
}

}  // namespace

double clearly_below(double loss) {
  constexpr double kMargin = 0.1;  // Less comes and goes with the seed.
  return (1.0 - kMargin) * loss;
}

bool has_varied_targets(const Samples& samples) {
  const auto outputs = std::ssize(samples.y) / std::max<std::int64_t>(samples.rows, 1);
  // Each row against the one before it.
  return !std::equal(samples.y.begin() + outputs, samples.y.end(), samples.y.begin());
}

ConstantBaseline compare_with_constant(Stream& stream, const Sequential& model, LossKind loss,
                                       const Samples& training) {
  ConstantBaseline baseline{.loss = evaluate(stream, model, loss, drawn_rows(training)).loss,
                            .constant_loss = constant_prediction_loss(loss, training, training)};
  baseline.is_beaten = baseline.loss <= clearly_below(baseline.constant_loss);
  return baseline;
}

}  // namespace gradvitals
