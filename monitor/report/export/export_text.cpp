#include "monitor/report/export/export_text.h"

#include <fmt/core.h>

#include <cmath>

#include "kernels/runtime/utf8.h"

namespace gradvitals {

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) append_utf8(out, take_code_point(text));
  return out;
}

std::string abridged(std::string_view text, std::size_t most_bytes) {
  constexpr std::string_view kMark = "...";
  if (text.size() <= most_bytes) return std::string(text);
  std::size_t end = most_bytes - kMark.size();
  const auto continues = [&text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues(end)) --end;
  return std::string(text.substr(0, end)).append(kMark);
}

std::string exact_number(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}

}  // namespace gradvitals
