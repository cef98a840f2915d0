#include "training/held_out.h"

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "training/shuffle.h"

namespace gradvitals {
namespace {

Samples samples_at(const Samples& all, std::span<const std::int64_t> rows) {
  Samples some{.rows = std::ssize(rows), .x = {}, .y = {}};
  const auto gather = [&](const std::vector<float>& from, std::vector<float>& to) {
    const std::int64_t cols = static_cast<std::int64_t>(from.size()) / all.rows;
    for (const std::int64_t row : rows) {
      to.insert(to.end(), from.begin() + row * cols, from.begin() + (row + 1) * cols);
    }
  };
  gather(all.x, some.x);
  gather(all.y, some.y);
  return some;
}

}  // namespace

TrainingData hold_out(const Samples& samples, std::string name, double share, std::uint64_t seed) {
  if (samples.rows < 1) throw std::invalid_argument("hold_out: there are no samples");
  if (!(share >= 0.0 && share < 1.0)) {
    throw std::invalid_argument(fmt::format("hold_out: share is {}, not in [0, 1)", share));
  }
  TrainingData data{.name = std::move(name),
                    .features = static_cast<std::int64_t>(samples.x.size()) / samples.rows,
                    .outputs = static_cast<std::int64_t>(samples.y.size()) / samples.rows};
  const RowSplit split =
      split_rows(samples.rows, samples.rows < kFewestToHoldOut ? 0.0 : share, seed);
  data.validation = samples_at(samples, split.held_out);
  data.training = samples_at(samples, split.training);
  data.description =
      fmt::format("{}: {} samples to train on, {} held out; {} features and {} targets as they are",
                  data.name, data.training.rows, data.validation.rows, data.features, data.outputs);
  return data;
}

}  // namespace gradvitals
