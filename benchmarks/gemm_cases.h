// The products that are measured, and what they are checked by.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace gradvitals {

struct GemmShape {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  bool transpose_a;
  bool transpose_b;

  std::string name() const {
    return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + "/" +
           (transpose_a ? "T" : "N") + (transpose_b ? "T" : "N");
  }
  double operations() const { return static_cast<double>(2 * m * n * k); }
};

/// Forward, weight gradient and input gradient of the notebook networks' layers at batch 100, of wide
/// layers, and the shapes around the cpu device's change of algorithm.
inline constexpr GemmShape kLayerShapes[] = {
    {100, 64, 10, false, false},     {10, 64, 100, true, false},     {100, 64, 64, false, false},
    {64, 64, 100, true, false},      {100, 64, 64, false, true},     {100, 1, 64, false, false},
    {64, 1, 100, true, false},       {100, 64, 1, false, true},      {1000, 64, 64, false, false},
    {256, 256, 256, false, false},   {256, 256, 256, true, false},   {256, 256, 256, false, true},
    {256, 1024, 1024, false, false}, {1024, 1024, 256, true, false}, {256, 1024, 1024, false, true},
};

/// On a cpu also where matrices outgrow the caches: every layout of a wide layer, and tall and flat
/// products.
inline constexpr GemmShape kWideShapes[] = {
    {256, 1024, 1024, true, false},
    {1024, 1024, 1024, false, false},
    {4096, 512, 512, false, false},
    {128, 4096, 1024, false, false},
};

/// Uniform in [-1, 1).
inline std::vector<float> random_values(std::int64_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = uniform(engine);
  return values;
}

/// Whether two orders of summation explain every difference.
inline bool agree(const std::vector<float>& got, const std::vector<float>& expected,
                  std::int64_t k) {
  if (got.size() != expected.size()) return false;
  // Partial sums of k products of such values are of size sqrt(k) / 3, and rounding each of them
  // adds up to 0.07 k units of 2^-23 (standard deviation): 14 of these, and a few roundings where k
  // is small. TensorFloat-32 would be off by 20 times as much.
  const double tolerance = 0x1p-23 * static_cast<double>(k + 4);
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!(std::fabs(got[i] - expected[i]) <= tolerance)) return false;
  }
  return true;
}

// ---- rows of a product that are enough to see that it is one

/// The rows that are compared: all of a small product, else this many, spread over it, with the
/// first and the last.
inline constexpr std::int64_t kCheckedRows = 64;

inline std::vector<std::int64_t> checked_row_numbers(const GemmShape& shape) {
  const std::int64_t count = std::min(shape.m, kCheckedRows);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) {
    numbers.push_back(count == 1 ? 0 : i * (shape.m - 1) / (count - 1));
  }
  return numbers;
}

/// Those of c (M,N), one behind the other.
inline std::vector<float> checked_rows(const GemmShape& shape, const std::vector<float>& c) {
  std::vector<float> rows;
  for (const std::int64_t i : checked_row_numbers(shape)) {
    rows.insert(rows.end(), c.begin() + i * shape.n, c.begin() + (i + 1) * shape.n);
  }
  return rows;
}

/// What they should be, summed in double.
inline std::vector<float> reference_rows(const GemmShape& shape, const std::vector<float>& a,
                                         const std::vector<float>& b) {
  std::vector<float> rows;
  for (const std::int64_t i : checked_row_numbers(shape)) {
    std::vector<double> sums(static_cast<std::size_t>(shape.n));
    for (std::int64_t l = 0; l < shape.k; ++l) {
      const double a_value = a[shape.transpose_a ? l * shape.m + i : i * shape.k + l];
      for (std::int64_t j = 0; j < shape.n; ++j) {
        sums[j] += a_value * double{b[shape.transpose_b ? j * shape.k + l : l * shape.n + j]};
      }
    }
    for (const double sum : sums) rows.push_back(static_cast<float>(sum));
  }
  return rows;
}

}  // namespace gradvitals
