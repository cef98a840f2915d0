#include "training/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace gradvitals {
namespace {

/// Sums of squares of any finite float64 stay finite in its range.
using Wide = long double;

std::span<const double> row_of(const Columns& columns, std::int64_t row) {
  const auto cols = static_cast<std::size_t>(columns.cols);
  return columns.values.subspan(static_cast<std::size_t>(row) * cols, cols);
}

std::vector<Wide> means_of(const Columns& columns, std::span<const std::int64_t> rows) {
  std::vector<Wide> means(static_cast<std::size_t>(columns.cols));
  for (const std::int64_t row : rows) {
    const std::span<const double> values = row_of(columns, row);
    for (std::size_t i = 0; i < values.size(); ++i) means[i] += values[i];
  }
  for (Wide& mean : means) mean /= static_cast<Wide>(rows.size());
  return means;
}

/// Mean squares of what the values differ from the means.
std::vector<Wide> variances_of(const Columns& columns, std::span<const std::int64_t> rows,
                               const std::vector<Wide>& means) {
  std::vector<Wide> variances(means.size());
  for (const std::int64_t row : rows) {
    const std::span<const double> values = row_of(columns, row);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Wide difference = values[i] - means[i];
      variances[i] += difference * difference;
    }
  }
  for (Wide& variance : variances) variance /= static_cast<Wide>(rows.size());
  return variances;
}

Wide mean_of(const std::vector<Wide>& values) {
  Wide sum = 0;
  for (const Wide value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<Wide>(values.size());
}

/// Of rounded means, a constant column differs by rounding alone.
double deviation_of(Wide variance, Wide mean) {
  const Wide deviation = std::sqrt(variance);
  const Wide rounding = std::abs(mean) * std::numeric_limits<double>::epsilon();
  return deviation > rounding ? static_cast<double>(deviation) : 0.0;
}

}  // namespace

Scaling unchanged(std::int64_t cols) {
  const auto count = static_cast<std::size_t>(cols);
  return {.shift = std::vector<double>(count, 0.0), .scale = std::vector<double>(count, 1.0)};
}

Scaling standardizing(const Columns& columns, std::span<const std::int64_t> rows) {
  const std::vector<Wide> means = means_of(columns, rows);
  const std::vector<Wide> variances = variances_of(columns, rows, means);
  Scaling scaling;
  for (std::size_t i = 0; i < means.size(); ++i) {
    scaling.shift.push_back(static_cast<double>(means[i]));
    scaling.scale.push_back(deviation_of(variances[i], means[i]));
  }
  return scaling;
}

Scaling standardizing_together(const Columns& columns, std::span<const std::int64_t> rows) {
  const auto count = static_cast<std::size_t>(columns.cols);
  const Wide mean = mean_of(means_of(columns, rows));
  const Wide variance = mean_of(variances_of(columns, rows, std::vector<Wide>(count, mean)));
  return {.shift = std::vector<double>(count, static_cast<double>(mean)),
          .scale = std::vector<double>(count, deviation_of(variance, mean))};
}

Scaling to_unit_range(const Columns& columns, std::span<const std::int64_t> rows) {
  const auto count = static_cast<std::size_t>(columns.cols);
  std::vector<double> low(count, std::numeric_limits<double>::infinity());
  std::vector<double> high(count, -std::numeric_limits<double>::infinity());
  for (const std::int64_t row : rows) {
    const std::span<const double> values = row_of(columns, row);
    for (std::size_t i = 0; i < count; ++i) {
      low[i] = std::min(low[i], values[i]);
      high[i] = std::max(high[i], values[i]);
    }
  }
  for (std::size_t i = 0; i < count; ++i) high[i] -= low[i];
  return {.shift = std::move(low), .scale = std::move(high)};
}

std::vector<std::int64_t> all_rows(std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

std::vector<float> scaled_rows(const Columns& columns, std::span<const std::int64_t> rows,
                               const Scaling& scaling) {
  std::vector<float> scaled;
  scaled.reserve(rows.size() * static_cast<std::size_t>(columns.cols));
  for (const std::int64_t row : rows) {
    const std::span<const double> values = row_of(columns, row);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double scale = scaling.scale[i];
      scaled.push_back(
          static_cast<float>(scale == 0.0 ? 0.0 : (values[i] - scaling.shift[i]) / scale));
    }
  }
  return scaled;
}

}  // namespace gradvitals
