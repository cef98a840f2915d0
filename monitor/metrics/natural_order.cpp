#include "monitor/metrics/natural_order.h"

#include <algorithm>
#include <compare>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// Takes the run of digits off the front, without the zeros it begins with.
std::string_view take_number(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  std::string_view digits(text.begin(), end);
  text.remove_prefix(digits.size());
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

/// By value: of numbers without leading zeros the longer one is larger.
std::strong_ordering compare_numbers(std::string_view left, std::string_view right) {
  const std::strong_ordering by_length = left.size() <=> right.size();
  return by_length != std::strong_ordering::equal ? by_length : left <=> right;
}

std::strong_ordering compare_bytes(char left, char right) {
  return static_cast<unsigned char>(left) <=> static_cast<unsigned char>(right);
}

}  // namespace

bool natural_less(std::string_view left, std::string_view right) {
  std::string_view a = left;
  std::string_view b = right;
  while (!a.empty() && !b.empty()) {
    std::strong_ordering order = std::strong_ordering::equal;
    if (is_digit(a.front()) && is_digit(b.front())) {
      order = compare_numbers(take_number(a), take_number(b));
    } else {
      order = compare_bytes(a.front(), b.front());
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    if (order != std::strong_ordering::equal) return order == std::strong_ordering::less;
  }
  if (a.empty() != b.empty()) return a.empty();
  return left < right;
}

}  // namespace gradvitals
