// RowText: the text of a history row, taken from its front. Internal.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "kernels/runtime/utf8.h"

namespace gradvitals {

/// What does not fit throws std::invalid_argument with its place.
class RowText {
 public:
  explicit RowText(std::string_view line)
      : begin_(line.data()), at_(line.data()), end_(line.data() + line.size()) {}

  [[noreturn]] void refuse(std::string_view what) const {
    throw std::invalid_argument(fmt::format("{} at byte {}", what, at_ - begin_ + 1));
  }

  std::size_t bytes_left() const { return static_cast<std::size_t>(end_ - at_); }

  bool take(char letter) {
    if (at_ == end_ || *at_ != letter) return false;
    ++at_;
    return true;
  }
  void expect(char letter) {
    if (!take(letter)) refuse(fmt::format("no '{}'", letter));
  }
  void expect_end() const {
    if (at_ != end_) refuse("more than a row");
  }

  bool take_word(std::string_view word) {
    if (!std::string_view(at_, bytes_left()).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  double number() {
    if (take_word("\"NaN\"")) return std::numeric_limits<double>::quiet_NaN();
    if (take_word("\"Infinity\"")) return std::numeric_limits<double>::infinity();
    if (take_word("\"-Infinity\"")) return -std::numeric_limits<double>::infinity();
    return finite();
  }
  std::optional<double> optional_number() {
    if (take_word("null")) return std::nullopt;
    return number();
  }

  double finite() {
    // from_chars also takes "inf" and "nan".
    const bool begins = at_ != end_ && (is_digit(*at_) || *at_ == '-');
    double value = 0.0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    if (!begins || error != std::errc() || !std::isfinite(value)) refuse("no number");
    at_ = stop;
    return value;
  }

  std::int64_t whole(std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    if (error != std::errc()) refuse("no whole number");
    if (value < low || value > high) refuse(fmt::format("a number not from {} to {}", low, high));
    at_ = stop;
    return value;
  }

  bool flag() { return whole(0, 1) == 1; }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace gradvitals
