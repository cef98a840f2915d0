#include "monitor/report/live/screen_line.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

constexpr std::string_view kUsualInk = "\x1b[0m";

std::string_view escape_of_ink(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kStrong:
      return "\x1b[1m";
    case Ink::kFaint:
      return "\x1b[2m";
    case Ink::kGood:
      return "\x1b[32m";
    case Ink::kNotice:
      return "\x1b[36m";
    case Ink::kWarning:
      return "\x1b[33m";
    case Ink::kCritical:
      return "\x1b[1;31m";
  }
  return "";
}

/// Text on a ground that a glance finds: black on the light ones, white on red.
std::string_view escape_of_ground(Ink ink) {
  switch (ink) {
    case Ink::kGood:
      return "\x1b[30;42m";
    case Ink::kNotice:
      return "\x1b[30;46m";
    case Ink::kWarning:
      return "\x1b[30;43m";
    case Ink::kCritical:
      return "\x1b[1;37;41m";
    default:
      return "\x1b[7m";
  }
}

std::string_view cut_mark(TextStyle style) {
  return style.ascii ? ".." : "…";
}

/// The code points of a text, each with what it is combined with.
std::vector<std::string> clusters_of(std::string_view text) {
  std::vector<std::string> clusters;
  while (!text.empty()) {
    std::string letter;
    append_utf8(letter, take_code_point(text));
    if (display_width(letter) == 0 && !clusters.empty()) {
      clusters.back() += letter;
    } else {
      clusters.push_back(std::move(letter));
    }
  }
  return clusters;
}

/// As many of them as fit, from either end.
template <class Clusters>
std::string clusters_that_fit(const Clusters& clusters, int columns, bool from_end) {
  std::string text;
  const std::size_t count = clusters.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& cluster = clusters[from_end ? count - 1 - i : i];
    columns -= display_width(cluster);
    if (columns < 0) break;
    text = from_end ? cluster + text : text + cluster;
  }
  return text;
}

}  // namespace

Ink ink_of(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return Ink::kGood;
    case Severity::kInfo:
      return Ink::kNotice;
    case Severity::kWarning:
      return Ink::kWarning;
    case Severity::kCritical:
      return Ink::kCritical;
  }
  return Ink::kPlain;
}

std::string screen_text(std::string_view text, TextStyle style) {
  return decorate(printable(text), {.ascii = style.ascii});
}

std::string cut_to(std::string_view text, int columns, TextStyle style) {
  if (display_width(text) <= columns) return std::string(text);
  const std::string_view mark = cut_mark(style);
  const int room = columns - display_width(mark);
  const std::vector<std::string> clusters = clusters_of(text);
  return room < 0 ? clusters_that_fit(clusters, columns, false)
                  : clusters_that_fit(clusters, room, false) + std::string(mark);
}

std::string cut_from_middle(std::string_view text, int columns, TextStyle style) {
  if (display_width(text) <= columns) return std::string(text);
  const std::string_view mark = cut_mark(style);
  const int room = columns - display_width(mark);
  const std::vector<std::string> clusters = clusters_of(text);
  if (room < 2) return clusters_that_fit(clusters, columns, false);
  return clusters_that_fit(clusters, room / 2, false) + std::string(mark) +
         clusters_that_fit(clusters, room - room / 2, true);
}

void ScreenLine::add_colored(std::string text, std::string_view escape) {
  if (text.empty()) return;
  width_ += display_width(text);
  text_.append(static_cast<std::size_t>(std::exchange(blanks_, 0)), ' ');
  if (style_.color && !escape.empty()) {
    text_ += escape;
    text_ += text;
    text_ += kUsualInk;
  } else {
    text_ += text;
  }
}

ScreenLine& ScreenLine::add(std::string_view text, Ink ink) {
  if (room() > 0)
    add_colored(cut_to(screen_text(text, style_), room(), style_), escape_of_ink(ink));
  return *this;
}

ScreenLine& ScreenLine::add_badge(std::string_view text, Ink ink) {
  if (room() <= 0) return *this;
  // Without colours there is no ground that a blank would belong to.
  std::string badge = screen_text(text, style_);
  if (style_.color) badge = " " + badge + " ";
  add_colored(cut_to(badge, room(), style_), escape_of_ground(ink));
  return *this;
}

ScreenLine& ScreenLine::go_to(int column) {
  const int blanks = std::min(std::max(column - width_, width_ > 0 ? 1 : 0), room());
  if (blanks <= 0) return *this;
  blanks_ += blanks;
  width_ += blanks;
  return *this;
}

std::string ScreenLine::text() const {
  return text_;
}

}  // namespace gradvitals
