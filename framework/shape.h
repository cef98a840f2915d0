// Shape: the dimensions of a tensor.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace gradvitals {

/// Dimensions, outermost first. Rank 0 is a scalar. Stored inline: making one allocates nothing, so
/// ops can make theirs in every step.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  Shape() = default;
  /// Throws std::invalid_argument for a negative dimension, more than kMaxRank of them, or a count
  /// of elements that leaves int64.
  Shape(std::initializer_list<std::int64_t> dims);
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  /// Throws std::invalid_argument where there is no such axis.
  std::int64_t operator[](int axis) const;
  std::span<const std::int64_t> dims() const {
    return {dims_.data(), static_cast<std::size_t>(rank_)};
  }
  /// Elements: the product of the dimensions, 1 for a scalar.
  std::int64_t count() const { return count_; }
  /// "()", "(64,)", "(100, 10)".
  std::string text() const;

  bool operator==(const Shape&) const = default;

 private:
  std::array<std::int64_t, kMaxRank> dims_{};  // Zero beyond the rank, so that == may compare all.
  int rank_ = 0;
  std::int64_t count_ = 1;
};

}  // namespace gradvitals
