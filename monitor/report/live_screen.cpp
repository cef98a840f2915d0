#include "monitor/report/live_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/number_text.h"
#include "monitor/report/screen_line.h"
#include "monitor/report/shortened_names.h"
#include "monitor/report/sparkline.h"
#include "monitor/report/vital_signs_text.h"

namespace gradvitals {
namespace {

/// The higher, the sooner a line is left out. From kSpare on it only stands where every blank line does.
constexpr int kSpare = 100;
constexpr int kLabelWidth = 16;
/// Behind a line whose sentence goes on in one that is left out.
constexpr std::string_view kGoesOn = " ..";

struct RankedLine {
  std::string text;
  int rank = 0;
  bool goes_on = false;  ///< The next line has the rest of its sentence; there is room to say so.
};

/// Lines under a title, which stands where one of them does; without a title, where they are one block.
struct Section {
  std::optional<std::string> title;
  std::vector<RankedLine> lines;
};

std::string live_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  return three_digits(value);
}

std::string live_number(const std::optional<double>& value) {
  return value ? live_number(*value) : "-";
}

/// The largest of each of so many parts; NaN where one is not finite.
std::vector<double> squeezed(const std::vector<double>& course, int columns) {
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

/// Cut at blanks into lines of so many columns; a word that is longer is cut as well.
std::vector<std::string> wrapped(std::string_view text, int columns, TextStyle style) {
  std::vector<std::string> lines;
  const std::string shown = screen_text(text, style);
  std::string_view rest = shown;
  while (!rest.empty() && columns > 0) {
    const std::size_t end = rest.find(' ');
    const std::string word = cut_to(rest.substr(0, end), columns, style);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const bool fits =
        !lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= columns;
    if (fits) {
      lines.back() += ' ' + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

/// Makes the screen's lines.
class LiveScreen {
 public:
  LiveScreen(const LiveState& state, ScreenSize size, TextStyle style)
      : state_(state), size_(size), style_(style) {}

  std::vector<std::string> lines();

 private:
  ScreenLine line() const { return {size_.columns, style_}; }
  std::string title(std::string_view text) const { return line().add(text, Ink::kStrong).text(); }
  bool is_wide() const { return size_.columns >= 70; }

  Section verdict() const;
  Section run() const;
  Section findings() const;
  void add_finding(Section& section, const Episode& episode, std::size_t place) const;
  void add_wrapped(Section& section, std::string_view label, std::string_view text, Ink ink,
                   int first_rank, int next_rank) const;
  Section signs() const;
  Section tensors() const;
  std::string tensor_line(const LiveTensor& tensor, const std::string& name, int name_width) const;
  Section events() const;
  Section messages() const;
  Section way_out() const;

  std::string verdict_line() const;
  std::string name_line() const;
  std::string state_line() const;
  std::string signal_line(std::string_view label, const LiveSignal& signal) const;
  std::string bar(int columns) const;
  std::vector<std::string> chosen(const std::vector<Section>& sections) const;

  const LiveState& state_;
  ScreenSize size_;
  TextStyle style_;
};

std::string since_words(const Episode& episode) {
  return fmt::format("since step {}", episode.first_step);
}

std::string LiveScreen::verdict_line() const {
  ScreenLine text = line();
  if (state_.judged_steps == 0) {
    return text.add_badge("NOTHING YET", Ink::kNotice)
        .go_to(1)
        .add("no step was judged so far")
        .text();
  }
  const bool is_bad = state_.severity >= Severity::kWarning;
  std::string verdict(name(state_.verdict));
  std::ranges::transform(verdict, verdict.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  std::ranges::replace(verdict, '_', ' ');
  text.add_badge(verdict, is_bad ? ink_of(state_.severity) : Ink::kGood).go_to(1);
  if (is_bad) {
    text.add(name(state_.severity), ink_of(state_.severity));
    if (!state_.open.empty()) text.add(", " + since_words(state_.open.front()));
    return text.text();
  }
  text.add(fmt::format("{} judged", steps_text(state_.judged_steps)));
  if (state_.worst) {
    const Episode& worst = *state_.worst;
    text.add(fmt::format(", {} {} to {}", name(worst.finding.verdict), worst.first_step,
                         worst.last_step),
             ink_of(worst.finding.severity));
  }
  return text.text();
}

Section LiveScreen::verdict() const {
  return {.title = {}, .lines = {{verdict_line(), 0}}};
}

std::string LiveScreen::name_line() const {
  ScreenLine text = line();
  const int activity = display_width(screen_text(state_.activity, style_));
  const int room = std::max(size_.columns - activity - 2, 0);
  text.add(cut_from_middle(screen_text(state_.name, style_), room, style_), Ink::kStrong);
  if (!state_.activity.empty()) text.go_to(text.width() + 2).add(state_.activity, Ink::kFaint);
  return text.text();
}

std::string LiveScreen::bar(int columns) const {
  const double share = std::clamp(
      static_cast<double>(state_.step.value_or(0)) / static_cast<double>(state_.steps), 0.0, 1.0);
  const int room = style_.ascii ? columns - 2 : columns;
  const int filled = static_cast<int>(share * room);
  std::string text = style_.ascii ? "[" : "";
  for (int i = 0; i < room; ++i) {
    if (style_.ascii) {
      text += i < filled ? '=' : ' ';
    } else {
      text += i < filled ? "█" : "░";
    }
  }
  return text + (style_.ascii ? "]" : "");
}

std::string seconds_words(std::int64_t seconds) {
  if (seconds < 100) return fmt::format("{} s left", seconds);
  if (seconds < 100 * 60) return fmt::format("{} min left", seconds / 60);
  return fmt::format("{} h left", seconds / 3600);
}

std::string LiveScreen::state_line() const {
  constexpr int kGap = 2;
  constexpr int kWidestBar = 30;
  std::vector<std::string> pieces;
  if (state_.step) {
    pieces.push_back(state_.steps > 0 ? fmt::format("step {} of {}", *state_.step, state_.steps)
                                      : fmt::format("step {}", *state_.step));
  }
  if (state_.score)
    pieces.push_back(fmt::format("{} {}", state_.score->first, state_.score->second));
  if (state_.learning_rate) {
    pieces.push_back("learning rate " + live_number(*state_.learning_rate));
  }
  if (state_.epoch > 0)
    pieces.push_back(fmt::format("epoch {} of {}", state_.epoch, state_.epochs));
  if (state_.seconds_left) pieces.push_back(seconds_words(*state_.seconds_left));
  ScreenLine text = line();
  for (const std::string& piece : pieces) {
    const int gap = text.width() > 0 ? kGap : 0;
    if (text.width() > 0 && display_width(piece) + gap > text.room()) continue;
    text.go_to(text.width() + gap).add(piece);
  }
  const int bar_room = std::min(text.room() - kGap, kWidestBar);
  if (state_.steps > 0 && bar_room >= 10) text.go_to(text.width() + kGap).add(bar(bar_room));
  return text.text();
}

std::string LiveScreen::signal_line(std::string_view label, const LiveSignal& signal) const {
  constexpr int kNumberWidth = 9;
  ScreenLine text = line();
  const bool is_finite = !signal.last || std::isfinite(*signal.last);
  const int value_column = is_wide() ? kLabelWidth : 6;
  text.add(label).go_to(value_column);
  text.add(live_number(signal.last), is_finite ? Ink::kStrong : Ink::kCritical);
  text.go_to(value_column + kNumberWidth + 1);
  if (signal.course.size() < 2) {
    if (!signal.last) text.add("not recorded", Ink::kFaint);
    return text.text();
  }
  SparkRange range;
  widen(range, signal.course);
  std::string words;
  if (range.high > 0.0) {
    words = fmt::format("{} to {}", live_number(range.low), live_number(range.high));
  }
  const bool has_gaps =
      !std::ranges::all_of(signal.course, [](double value) { return std::isfinite(value); });
  if (has_gaps) words += words.empty() ? "x: NaN or Inf" : ", x: NaN or Inf";
  if (!is_wide()) words.clear();
  const int room = text.room() - (words.empty() ? 0 : static_cast<int>(words.size()) + 2);
  text.add(sparkline(squeezed(signal.course, room), range, style_), Ink::kNotice);
  if (!words.empty()) text.go_to(text.width() + 2).add(words, Ink::kFaint);
  return text.text();
}

Section LiveScreen::run() const {
  Section section;
  section.lines.push_back({name_line(), 10});
  const std::string state = state_line();
  if (!state.empty()) section.lines.push_back({state, 4});
  if (state_.judged_steps == 0) return section;
  section.lines.push_back({signal_line("Loss", state_.loss), 6});
  section.lines.push_back({signal_line(is_wide() ? "Gradient norm" : "Norm", state_.norm), 7});
  return section;
}

/// A label, and behind it the text, in as many lines as it takes.
void LiveScreen::add_wrapped(Section& section, std::string_view label, std::string_view text,
                             Ink ink, int first_rank, int next_rank) const {
  const int indent = std::min(2 + display_width(label), size_.columns / 2);
  const std::vector<std::string> pieces =
      wrapped(text, size_.columns - indent - display_width(kGoesOn), style_);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    ScreenLine added = line();
    if (i == 0) added.add("  ").add(label, Ink::kStrong);
    added.go_to(indent).add(pieces[i], ink);
    section.lines.push_back({.text = added.text(),
                             .rank = i == 0 ? first_rank : next_rank++,
                             .goes_on = i + 1 < pieces.size()});
  }
}

void LiveScreen::add_finding(Section& section, const Episode& episode, std::size_t place) const {
  const Finding& finding = episode.finding;
  const bool is_first = place == 0;
  const int later = static_cast<int>(place) * 8;
  ScreenLine head = line();
  head.add(name(finding.severity), ink_of(finding.severity)).go_to(1);
  head.add(fmt::format("{} {}", rule_number(finding.rule), since_words(episode)));
  const std::string of = finding.tensor.empty() ? finding.network : finding.tensor;
  if (!of.empty() && head.room() > 8) {
    head.add(" in ").add(cut_from_middle(screen_text(of, style_), head.room(), style_),
                         Ink::kStrong);
  }
  section.lines.push_back({head.text(), is_first ? 1 : 11 + later});
  add_wrapped(section, "", finding.text, Ink::kPlain, is_first ? 2 : 26 + later,
              is_first ? 5 : kSpare + 10 + later);
  for (std::size_t i = 0; i < finding.advice.size(); ++i) {
    const int less = static_cast<int>(i) * 20;
    add_wrapped(section, "What to do: ", finding.advice[i], Ink::kPlain,
                (is_first ? 3 : 28 + later) + less, (is_first ? 8 : kSpare + 12 + later) + less);
  }
}

Section LiveScreen::findings() const {
  Section section;
  std::vector<const Episode*> explained;
  std::size_t place = 0;
  for (const Episode& episode : state_.open) {
    if (episode.finding.consequence_of) {
      explained.push_back(&episode);
    } else {
      add_finding(section, episode, place++);
    }
  }
  if (explained.empty()) return section;
  std::string words;
  for (const Episode* episode : explained) {
    if (!words.empty()) words += ", ";
    words += fmt::format("{} (by {})", rule_number(episode->finding.rule),
                         rule_number(*episode->finding.consequence_of));
  }
  section.lines.push_back(
      {line().add("Follow from it: ", Ink::kFaint).add(words, Ink::kFaint).text(), 21});
  return section;
}

Ink ink_of_status(VitalStatus status) {
  if (status == VitalStatus::kNormal) return Ink::kGood;
  return status == VitalStatus::kUnknown ? Ink::kFaint : Ink::kWarning;
}

Section LiveScreen::signs() const {
  constexpr int kValueColumn = kLabelWidth;
  constexpr int kStatusColumn = kValueColumn + 10;
  constexpr int kRangeColumn = kStatusColumn + 9;
  Section section{.title = title("Vital signs"), .lines = {}};
  if (state_.judged_steps == 0) return section;
  for (const SignReading& sign : deciding_readings(state_.signs, state_.thresholds)) {
    const bool is_abnormal = sign.status == VitalStatus::kLow || sign.status == VitalStatus::kHigh;
    ScreenLine text = line();
    text.add(sign.sign).go_to(kValueColumn).add(live_number(sign.value), Ink::kStrong);
    text.go_to(kStatusColumn).add(name(sign.status), ink_of_status(sign.status));
    if (size_.columns > kRangeColumn + 10) {
      std::string what(sign.reading);
      if (!sign.normal.empty()) what += ", " + sign.normal;
      text.go_to(kRangeColumn).add(what, Ink::kFaint);
    }
    section.lines.push_back({text.text(), is_abnormal ? 14 : 18});
  }
  return section;
}

constexpr int kNormWidth = 9;
constexpr int kRatioWidth = 11;
constexpr int kCountWidth = 11;

/// Columns of the names: a third of the screen, and no more than the longest needs.
int names_width(const std::vector<std::string>& names, int columns) {
  int widest = 12;
  for (const std::string& shown : names) widest = std::max(widest, display_width(shown));
  return std::clamp(columns / 3, std::min(12, columns), widest);
}

std::string LiveScreen::tensor_line(const LiveTensor& tensor, const std::string& shown,
                                    int name_width) const {
  const bool is_bad = tensor.nonfinite > 0 || !tensor.exists;
  ScreenLine text = line();
  text.add(cut_from_middle(shown, std::min(name_width, text.room()), style_),
           is_bad            ? Ink::kCritical
           : tensor.is_named ? Ink::kWarning
                             : Ink::kPlain);
  int column = name_width + 2;
  const std::string norm = tensor.exists ? live_number(tensor.norm.last) : "no gradient";
  text.go_to(column).add(norm, is_bad ? Ink::kCritical : Ink::kStrong);
  column += tensor.exists ? kNormWidth : 12;
  if (!tensor.exists) return text.text();
  if (size_.columns >= name_width + 2 + kNormWidth + kRatioWidth + 8) {
    text.go_to(column).add(live_number(tensor.to_weight));
    column += kRatioWidth + 2;
  }
  if (tensor.nonfinite > 0) {
    text.go_to(column).add(fmt::format("{} NaN/Inf", tensor.nonfinite), Ink::kCritical);
  } else {
    text.go_to(column).add("0", Ink::kFaint);
  }
  column += kCountWidth + 2;
  if (text.width() > column) column = text.width() + 2;
  if (tensor.norm.course.size() < 2 || column + 4 > size_.columns) return text.text();
  text.go_to(column);
  SparkRange range;
  widen(range, tensor.norm.course);
  return text.add(sparkline(squeezed(tensor.norm.course, text.room()), range, style_), Ink::kNotice)
      .text();
}

Section LiveScreen::tensors() const {
  Section section;
  if (state_.tensors.empty()) return section;
  const std::size_t count =
      std::min(state_.tensors.size(), static_cast<std::size_t>(std::max(size_.rows, 1)));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(state_.tensors[i].name);
  const int widest = std::max(size_.columns / 3, 12);
  names = shortened_names(std::move(names), widest);
  const std::string mark = style_.ascii ? ".." : "…";
  for (std::string& shown : names) {
    for (std::size_t at = shown.find("…"); style_.ascii && at != std::string::npos;
         at = shown.find("…", at)) {
      shown.replace(at, std::string_view("…").size(), mark);
    }
    shown = screen_text(shown, style_);
  }
  const int name_width = names_width(names, size_.columns);
  ScreenLine header = line();
  header.add("Worst gradients", Ink::kStrong)
      .add(fmt::format(" of {}", state_.gradients), Ink::kFaint);
  int column = name_width + 2;
  if (header.width() < column) {
    header.go_to(column).add("norm", Ink::kFaint);
    column += kNormWidth;
    if (size_.columns >= name_width + 2 + kNormWidth + kRatioWidth + 8) {
      header.go_to(column).add("/ weight", Ink::kFaint);
      column += kRatioWidth + 2;
    }
    header.go_to(column).add("NaN, Inf", Ink::kFaint);
    column += kCountWidth + 2;
    if (column + 12 <= size_.columns) header.go_to(column).add("over the run", Ink::kFaint);
  }
  section.title = header.text();
  for (std::size_t i = 0; i < count; ++i) {
    const int rank = 12 + static_cast<int>(i) * 4;
    section.lines.push_back({tensor_line(state_.tensors[i], names[i], name_width),
                             rank < 36 ? rank : kSpare + static_cast<int>(i)});
  }
  return section;
}

Section LiveScreen::events() const {
  Section section{.title = title("Events"), .lines = {}};
  for (std::size_t i = 0; i < state_.events.size(); ++i) {
    const HealthEvent& event = state_.events[i];
    const Finding& finding = event.episode.finding;
    const bool is_end = event.kind == HealthEventKind::kEnded;
    ScreenLine text = line();
    text.add(fmt::format("step {}", event.step)).go_to(14);
    text.add(fmt::format("{} {}", rule_number(finding.rule), name(event.kind)),
             is_end ? Ink::kGood : ink_of(finding.severity));
    text.go_to(28).add(finding.text, Ink::kFaint);
    const auto age = static_cast<int>(state_.events.size() - 1 - i);
    const int rank = 16 + age * 5;
    section.lines.push_back({text.text(), rank < 32 ? rank : kSpare + age});
  }
  return section;
}

Section LiveScreen::messages() const {
  Section section;
  for (std::size_t i = 0; i < state_.messages.size(); ++i) {
    const auto age = static_cast<int>(state_.messages.size() - 1 - i);
    section.lines.push_back({line().add(state_.messages[i]).text(), 13 + age * 12});
  }
  return section;
}

Section LiveScreen::way_out() const {
  if (state_.way_out.empty()) return {};
  return {.title = {}, .lines = {{line().add(state_.way_out, Ink::kFaint).text(), 34}}};
}

/// By rank as many lines as there are rows for, then in their order, with blank lines where rows are left.
std::vector<std::string> LiveScreen::chosen(const std::vector<Section>& sections) const {
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
  int rows = std::max(size_.rows, 0);
  int blanks = 0;
  bool has_blanks = false;
  for (const auto& [rank, section, index] : places) {
    if (rank >= kSpare && !std::exchange(has_blanks, true)) {
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

std::vector<std::string> LiveScreen::lines() {
  if (size_.columns <= 0 || size_.rows <= 0) return {};
  return chosen(
      {verdict(), findings(), run(), signs(), tensors(), events(), messages(), way_out()});
}

}  // namespace

std::vector<std::string> live_screen(const LiveState& state, ScreenSize size, TextStyle style) {
  return LiveScreen(state, size, style).lines();
}

}  // namespace gradvitals
