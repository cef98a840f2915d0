#include "monitor/history/nine_digits.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace gradvitals {
namespace {

/// Powers of ten from -kLargestPower to kLargestPower, to some 16 units in the last place: nine digits
/// need a millionth of that.
constexpr int kLargestPower = 300;

constexpr double power_of_ten(int exponent) {
  double base = 10.0, result = 1.0;
  for (int rest = exponent < 0 ? -exponent : exponent; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result *= base;
    if (rest > 1) base *= base;
  }
  return exponent < 0 ? 1.0 / result : result;
}

constexpr auto kPowersOfTen = [] {
  std::array<double, 2 * kLargestPower + 1> powers{};
  for (int i = -kLargestPower; i <= kLargestPower; ++i) {
    const int place = i + kLargestPower;
    powers[static_cast<std::size_t>(place)] = power_of_ten(i);
  }
  return powers;
}();

constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

char* write_word(char* out, std::string_view word) {
  std::memcpy(out, word.data(), word.size());
  return out + word.size();
}

char* write_nonfinite(char* out, double value) {
  if (std::isnan(value)) return write_word(out, "\"NaN\"");
  return write_word(out, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
}

void write_pair(char* out, std::uint32_t below_hundred) {
  std::memcpy(out, &kTwoDigits[std::size_t{2} * below_hundred], 2);
}

char* write_exponent(char* out, int exponent) {
  *out++ = 'e';
  if (exponent < 0) *out++ = '-';
  const auto magnitude = static_cast<std::uint32_t>(exponent < 0 ? -exponent : exponent);
  if (magnitude >= 100) return std::to_chars(out, out + 8, magnitude).ptr;
  if (magnitude < 10) {
    *out = static_cast<char>('0' + magnitude);
    return out + 1;
  }
  write_pair(out, magnitude);
  return out + 2;
}

/// "1.5e-3" of 150000000 and -3. In its place at once: a copy would wait for the single digits.
char* write_digits(char* out, std::uint32_t nine_digits, int exponent) {
  const std::uint32_t last_eight = nine_digits % 100'000'000;
  const std::uint32_t upper = last_eight / 10'000;
  const std::uint32_t lower = last_eight % 10'000;
  out[0] = static_cast<char>('0' + nine_digits / 100'000'000);
  out[1] = '.';
  write_pair(out + 2, upper / 100);
  write_pair(out + 4, upper % 100);
  write_pair(out + 6, lower / 100);
  write_pair(out + 8, lower % 100);
  char* end = out + 10;
  while (end[-1] == '0' && end > out + 2) --end;
  if (end == out + 2) end = out + 1;
  return exponent == 0 ? end : write_exponent(end, exponent);
}

}  // namespace

char* write_nine_digits(char* out, double value) {
  if (value == 0.0) return write_word(out, "0");
  if (!std::isfinite(value)) return write_nonfinite(out, value);
  const double magnitude = std::fabs(value);
  constexpr double kSmallest = 1e-280, kLargest = 1e280;  // Beyond, a power would leave its table.
  if (magnitude < kSmallest || magnitude > kLargest) {
    return std::to_chars(out, out + kNumberBytes, value, std::chars_format::scientific, 8).ptr;
  }
  if (value < 0) *out++ = '-';
  // log10(2) to 5e-6: off by one at most, which the digits tell.
  constexpr int kNumerator = 1233, kShift = 12;
  constexpr int kMantissaBits = 52, kBias = 1023;
  // Of a normal number, within these limits.
  const auto bits = std::bit_cast<std::uint64_t>(magnitude);
  int exponent = ((static_cast<int>(bits >> kMantissaBits) - kBias) * kNumerator) >> kShift;
  const auto scaled = [magnitude](int power) {
    const int place = 8 - power + kLargestPower;
    return magnitude * kPowersOfTen[static_cast<std::size_t>(place)];
  };
  double digits = scaled(exponent);
  if (digits >= 999999999.5) digits = scaled(++exponent);
  if (digits < 99999999.5) digits = scaled(--exponent);
  const double behind = digits + 0.5;  // Positive, and below 2^32: cut off, it is rounded.
  return write_digits(out, static_cast<std::uint32_t>(behind), exponent);
}

char* write_exact(char* out, double value) {
  if (!std::isfinite(value)) return write_nonfinite(out, value);
  return std::to_chars(out, out + kNumberBytes, value).ptr;
}

char* write_exact(char* out, const std::optional<double>& value) {
  return value ? write_exact(out, *value) : write_word(out, "null");
}

char* write_whole(char* out, std::int64_t value) {
  return std::to_chars(out, out + kNumberBytes, value).ptr;
}

}  // namespace gradvitals
