#include "monitor/report/live/live_section.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string number_on_screen(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  return three_digits(value);
}

}  // namespace

std::string live_number(const std::optional<double>& value) {
  return value ? number_on_screen(*value) : "-";
}

std::vector<double> squeezed_course(const std::vector<double>& course, int columns) {
  const auto room = static_cast<std::size_t>(std::max(columns, 0));
  if (course.size() <= room) return course;
  std::vector<double> parts;
  for (std::size_t i = 0; i < room; ++i) {
    const auto begin = course.begin() + static_cast<std::ptrdiff_t>(i * course.size() / room);
    const auto end = course.begin() + static_cast<std::ptrdiff_t>((i + 1) * course.size() / room);
    const bool is_finite =
        std::all_of(begin, end, [](double value) { return std::isfinite(value); });
    parts.push_back(is_finite ? *std::max_element(begin, end)
                              : std::numeric_limits<double>::quiet_NaN());
  }
  return parts;
}

std::vector<std::string> chosen_lines(const std::vector<LiveSection>& sections, int rows) {
  struct Place {
    int rank;
    std::size_t section;
    std::size_t line;
  };
  std::vector<Place> places;
  std::vector<std::vector<bool>> is_shown;
  for (std::size_t s = 0; s < sections.size(); ++s) {
    is_shown.emplace_back(sections[s].lines.size());
    for (std::size_t i = 0; i < sections[s].lines.size(); ++i) {
      places.push_back({sections[s].lines[i].rank, s, i});
    }
  }
  std::ranges::stable_sort(places, {}, &Place::rank);
  std::vector<bool> is_open(sections.size());
  int blanks = 0;
  bool has_blanks = false;
  for (const auto& [rank, section, index] : places) {
    if (rank >= kSpareRank && !std::exchange(has_blanks, true)) {
      const auto between = static_cast<int>(std::ranges::count(is_open, true)) - 1;
      blanks = std::clamp(between, 0, rows);
      rows -= blanks;
    }
    const int cost = !is_open[section] && sections[section].title ? 2 : 1;
    if (cost > rows) continue;
    rows -= cost;
    is_open[section] = is_shown[section][index] = true;
  }
  if (!has_blanks) blanks = rows;
  std::vector<std::string> lines;
  for (std::size_t s = 0; s < sections.size(); ++s) {
    if (!is_open[s]) continue;
    if (!lines.empty() && blanks-- > 0) lines.emplace_back();
    if (sections[s].title) lines.push_back(*sections[s].title);
    for (std::size_t i = 0; i < sections[s].lines.size(); ++i) {
      const RankedLine& line = sections[s].lines[i];
      if (!is_shown[s][i]) continue;
      lines.push_back(line.text);
      if (line.goes_on && !is_shown[s][i + 1]) lines.back() += kGoesOn;
    }
  }
  return lines;
}

}  // namespace gradvitals
