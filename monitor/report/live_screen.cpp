#include "monitor/report/live_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

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
constexpr int kWideScreen = 70;
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

struct TensorColumns;

/// Whether something that is open as well explains it.
bool is_explained(const Episode& episode, const std::vector<Episode>& open) {
  return episode.finding.consequence_of &&
         std::ranges::any_of(open, [&episode](const Episode& other) {
           return other.finding.rule == *episode.finding.consequence_of;
         });
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
  bool is_wide() const { return size_.columns >= kWideScreen; }

  Section verdict() const;
  Section run() const;
  Section findings() const;
  void add_finding(Section& section, const Episode& episode, std::size_t place) const;
  void add_hint(Section& section, const Episode& episode) const;
  std::string finding_head(const Episode& episode) const;
  void add_wrapped(Section& section, std::string_view label, std::string_view text, int first_rank,
                   int next_rank) const;
  Section signs() const;
  Section tensors() const;
  std::string tensor_line(const LiveTensor& tensor, std::string_view shown,
                          const TensorColumns& columns) const;
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

/// "R2 backward factor"
std::string rule_words(RuleId rule) {
  std::string word(rule_word(rule));
  std::ranges::replace(word, '_', ' ');
  return word.empty() ? std::string(rule_number(rule))
                      : fmt::format("{} {}", rule_number(rule), word);
}

std::string place_words(const Finding& finding) {
  return finding.tensor.empty() ? finding.network : finding.tensor;
}

/// Since when the network has been as the verdict says.
std::optional<std::int64_t> begin_of_verdict(const LiveState& state) {
  std::optional<std::int64_t> begin;
  for (const Episode& episode : state.open) {
    if (episode.finding.verdict != state.verdict) continue;
    begin = std::min(begin.value_or(episode.first_step), episode.first_step);
  }
  return begin;
}

std::string LiveScreen::verdict_line() const {
  ScreenLine text = line();
  if (state_.judged_steps == 0) {
    return text.add_badge("NOTHING YET", Ink::kNotice)
        .go_to(text.width() + 2)
        .add("no step was judged so far")
        .text();
  }
  const bool is_bad = state_.severity >= Severity::kWarning;
  std::string verdict(name(state_.verdict));
  std::ranges::transform(verdict, verdict.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  std::ranges::replace(verdict, '_', ' ');
  text.add_badge(verdict, is_bad ? ink_of(state_.severity) : Ink::kGood).go_to(text.width() + 2);
  if (is_bad) {
    text.add(name(state_.severity), ink_of(state_.severity));
    if (const auto begin = begin_of_verdict(state_))
      text.add(fmt::format(" since step {}", *begin));
    return text.text();
  }
  text.add(fmt::format("{} judged", steps_text(state_.judged_steps)));
  if (state_.worst) {
    const Episode& worst = *state_.worst;
    text.add(fmt::format("; it was {} from step {} to {}", name(worst.finding.verdict),
                         worst.first_step, worst.last_step),
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
                             int first_rank, int next_rank) const {
  const int indent = std::min(2 + display_width(label), size_.columns / 2);
  const std::vector<std::string> pieces =
      wrapped(text, size_.columns - indent - display_width(kGoesOn), style_);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    ScreenLine added = line();
    if (i == 0) added.go_to(2).add(label, Ink::kStrong);
    if (added.width() < indent) added.go_to(indent);
    added.add(pieces[i]);
    const bool goes_on = i + 1 < pieces.size() && added.room() >= display_width(kGoesOn);
    section.lines.push_back(
        {.text = added.text(), .rank = i == 0 ? first_rank : next_rank++, .goes_on = goes_on});
  }
}

std::string LiveScreen::finding_head(const Episode& episode) const {
  const Finding& finding = episode.finding;
  const std::string place = screen_text(place_words(finding), style_);
  const auto words = [&](const std::string& rule) {
    return fmt::format("{} since step {}{}", rule, episode.first_step, place.empty() ? "" : " in ");
  };
  ScreenLine head = line();
  head.add(name(finding.severity), ink_of(finding.severity)).go_to(head.width() + 1);
  std::string text = words(rule_words(finding.rule));
  const bool fits = display_width(text) + display_width(place) <= head.room();
  if (!fits) text = words(std::string(rule_number(finding.rule)));
  head.add(text);
  return head.add(cut_from_middle(place, head.room(), style_), Ink::kStrong).text();
}

void LiveScreen::add_finding(Section& section, const Episode& episode, std::size_t place) const {
  const Finding& finding = episode.finding;
  const bool is_first = place == 0;
  const int later = static_cast<int>(place) * 8;
  section.lines.push_back({finding_head(episode), is_first ? 1 : 3 + later});
  add_wrapped(section, "", finding.text, is_first ? 2 : 17 + later,
              is_first ? 5 : kSpare + 10 + later);
  for (std::size_t i = 0; i < finding.advice.size(); ++i) {
    const int less = static_cast<int>(i) * 20;
    add_wrapped(section, i == 0 ? "What to do: " : "      Also: ", finding.advice[i],
                (is_first ? 3 : 19 + later) + less, (is_first ? 8 : kSpare + 12 + later) + less);
  }
}

/// What only informs, in a line.
void LiveScreen::add_hint(Section& section, const Episode& episode) const {
  const Finding& finding = episode.finding;
  ScreenLine hint = line();
  hint.add(name(finding.severity), ink_of(finding.severity)).go_to(hint.width() + 1);
  hint.add(fmt::format("{} since step {}: ", rule_words(finding.rule), episode.first_step));
  section.lines.push_back({hint.add(finding.text, Ink::kFaint).text(), 22});
}

Section LiveScreen::findings() const {
  Section section;
  std::size_t place = 0;
  for (const Episode* episode : root_causes(state_)) {
    if (episode->finding.severity >= Severity::kWarning) {
      add_finding(section, *episode, place++);
    } else {
      add_hint(section, *episode);
    }
  }
  std::string words;
  for (const Episode& episode : state_.open) {
    const bool is_told = episode.finding.severity >= Severity::kWarning;
    if (!is_told || !is_explained(episode, state_.open)) continue;
    if (!words.empty()) words += ", ";
    words += rule_words(episode.finding.rule);
  }
  if (words.empty()) return section;
  ScreenLine explained = line();
  section.lines.push_back({explained.add("Follow from that: " + words, Ink::kFaint).text(), 21});
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
    text.go_to(kRangeColumn);
    std::string what(sign.reading);
    if (!sign.normal.empty()) what += ", " + sign.normal;
    if (display_width(what) > text.room()) what = sign.normal;
    if (display_width(what) <= text.room()) text.add(what, Ink::kFaint);
    section.lines.push_back({text.text(), is_abnormal ? 14 : 18});
  }
  return section;
}

/// Where the columns of the table of gradients begin.
struct TensorColumns {
  TensorColumns(int columns, int widest_name) {
    constexpr int kGap = 2;
    // The title of the table stands above the names.
    const int shortest = columns < kWideScreen ? 13 : 24;
    name = std::clamp(widest_name, shortest, std::max(columns * 2 / 5, shortest));
    norm = name + kGap;
    const bool has_ratio = columns >= norm + 10 + 10 + 9;
    to_weight = has_ratio ? norm + 10 : 0;
    count = norm + (has_ratio ? 20 : 10);
    course = count + 11;
  }

  int name;
  int norm;
  int to_weight;  ///< 0 where there is no room for it.
  int count;
  int course;
};

/// Names as short as tells them apart, in the characters of the style.
std::vector<std::string> names_on_screen(std::span<const LiveTensor> tensors, int columns,
                                         TextStyle style) {
  constexpr std::string_view kMark = "…";
  std::vector<std::string> names;
  for (const LiveTensor& tensor : tensors) names.push_back(tensor.name);
  names = shortened_names(std::move(names), std::max(columns, 1));
  for (std::string& shown : names) {
    for (std::size_t at = shown.find(kMark); style.ascii && at != std::string::npos;
         at = shown.find(kMark)) {
      shown.replace(at, kMark.size(), "..");
    }
    shown = screen_text(shown, style);
  }
  return names;
}

std::string LiveScreen::tensor_line(const LiveTensor& tensor, std::string_view shown,
                                    const TensorColumns& columns) const {
  const bool is_bad = !tensor.exists || (tensor.norm.last && !std::isfinite(*tensor.norm.last));
  const Ink name_ink = tensor.is_named ? Ink::kWarning : Ink::kPlain;
  ScreenLine text = line();
  text.add(cut_from_middle(shown, std::min(columns.name, text.room()), style_),
           is_bad ? Ink::kCritical : name_ink);
  text.go_to(columns.norm);
  if (!tensor.exists) return text.add("no gradient", Ink::kCritical).text();
  text.add(live_number(tensor.norm.last), is_bad ? Ink::kCritical : Ink::kStrong);
  if (columns.to_weight > 0) text.go_to(columns.to_weight).add(live_number(tensor.to_weight));
  text.go_to(columns.count);
  if (tensor.nonfinite > 0) {
    text.add(fmt::to_string(tensor.nonfinite), Ink::kCritical);
  } else {
    text.add(is_bad ? "-" : "0", Ink::kFaint);
  }
  constexpr int kShortestCourse = 4;
  if (tensor.norm.course.size() < 2 || columns.course + kShortestCourse > size_.columns) {
    return text.text();
  }
  text.go_to(columns.course);
  SparkRange range;
  widen(range, tensor.norm.course);
  if (std::ranges::all_of(tensor.norm.course, [](double value) { return value == 0.0; })) {
    return text.add("zero", Ink::kFaint).text();
  }
  text.add(sparkline(squeezed(tensor.norm.course, text.room()), range, style_), Ink::kNotice);
  return text.text();
}

Section LiveScreen::tensors() const {
  Section section;
  if (state_.tensors.empty()) return section;
  const std::size_t count = std::min(state_.tensors.size(), static_cast<std::size_t>(size_.rows));
  const auto shown = std::span(state_.tensors).first(count);
  const std::vector<std::string> names = names_on_screen(shown, size_.columns * 2 / 5, style_);
  int widest = 0;
  for (const std::string& tensor : names) widest = std::max(widest, display_width(tensor));
  const TensorColumns columns(size_.columns, widest);
  ScreenLine header = line();
  header.add(is_wide() ? "Worst gradients" : "Worst", Ink::kStrong);
  header.add(fmt::format(" of {}", state_.gradients), Ink::kFaint);
  header.go_to(columns.norm).add("norm", Ink::kFaint);
  if (columns.to_weight > 0) header.go_to(columns.to_weight).add("/ weight", Ink::kFaint);
  header.go_to(columns.count).add("NaN+Inf", Ink::kFaint);
  constexpr int kCourseTitle = 12;
  if (columns.course + kCourseTitle <= size_.columns) {
    header.go_to(columns.course).add("over the run", Ink::kFaint);
  }
  section.title = header.text();
  for (std::size_t i = 0; i < count; ++i) {
    const int rank = 12 + static_cast<int>(i) * 4;
    section.lines.push_back({tensor_line(shown[i], names[i], columns),
                             rank < 36 ? rank : kSpare + static_cast<int>(i)});
  }
  return section;
}

Section LiveScreen::events() const {
  Section section{.title = title("Events"), .lines = {}};
  int worse_since = 0;  // Events behind it that are no less than warnings.
  std::vector<RankedLine> latest_first;
  for (auto event = state_.events.rbegin(); event != state_.events.rend(); ++event) {
    const Finding& finding = event->episode.finding;
    const bool is_end = event->kind == HealthEventKind::kEnded;
    const Ink ink = is_end ? Ink::kGood : ink_of(finding.severity);
    ScreenLine text = line();
    text.add(fmt::format("step {}", event->step)).go_to(13).add(name(finding.severity), ink);
    text.go_to(22).add(fmt::format("{} {}", rule_number(finding.rule), name(event->kind)), ink);
    text.go_to(35).add(finding.text, Ink::kFaint);
    const auto age = static_cast<int>(latest_first.size());
    int rank = kSpare + age;
    if (finding.severity >= Severity::kWarning && worse_since < 4) rank = 16 + 5 * worse_since++;
    latest_first.push_back({text.text(), rank});
  }
  section.lines.assign(latest_first.rbegin(), latest_first.rend());
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
  return {.title = {}, .lines = {{line().add(state_.way_out, Ink::kFaint).text(), 15}}};
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

std::vector<const Episode*> root_causes(const LiveState& state) {
  std::vector<const Episode*> roots;
  for (const Episode& episode : state.open) {
    if (!is_explained(episode, state.open)) roots.push_back(&episode);
  }
  std::ranges::stable_sort(roots, {}, [&state](const Episode* episode) {
    const Finding& finding = episode->finding;
    return std::tuple(finding.severity < Severity::kWarning, finding.verdict != state.verdict,
                      -static_cast<int>(finding.severity), episode->first_step);
  });
  return roots;
}

std::vector<std::string> live_screen(const LiveState& state, ScreenSize size, TextStyle style) {
  return LiveScreen(state, size, style).lines();
}

}  // namespace gradvitals
