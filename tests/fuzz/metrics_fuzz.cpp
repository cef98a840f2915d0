#include <cstdlib>

#include "tests/fuzz/recorded_checks.h"

namespace gradvitals::test {
namespace {

/// Wherever something begins that may be a number.
std::unordered_set<double> numbers_in(std::string_view text) {
  constexpr std::string_view kOfNumbers = "+-.0123456789eE";
  const std::string terminated(text);
  std::unordered_set<double> numbers;
  bool is_inside = false;
  for (const char& letter : terminated) {
    const bool is_part = kOfNumbers.find(letter) != std::string_view::npos;
    // strtod would take "1e5" from each of its letters on; from its first is enough.
    if (is_part && !is_inside) numbers.insert(std::strtod(&letter, nullptr));
    is_inside = is_part;
  }
  return numbers;
}

}  // namespace

void fuzz_metrics(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    check_recorded(parse_recorded_metrics(text, "fuzz"), text, numbers_in(text));
  });
}

}  // namespace gradvitals::test
