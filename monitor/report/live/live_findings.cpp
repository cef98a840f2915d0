// What is wrong: the verdict, the findings that it is made of, and what to do.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/live/live_section.h"
#include "monitor/rules/root_causes.h"

namespace gradvitals {
namespace {

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

/// Whether something that is open as well explains it.
bool is_explained_by_open(const Episode& episode, const std::vector<Episode>& open) {
  return std::ranges::any_of(open, [&episode](const Episode& other) {
    return other.finding.severity >= Severity::kWarning &&
           is_named_cause(other.finding, episode.finding);
  });
}

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

std::string live_verdict_line(const LiveState& state, const LiveCanvas& canvas) {
  ScreenLine text = canvas.line();
  if (state.judged_steps == 0) {
    return text.add_badge("NOTHING YET", Ink::kNotice)
        .go_to(text.width() + 2)
        .add("no step was judged so far")
        .text();
  }
  const bool is_bad = state.severity >= Severity::kWarning;
  std::string verdict(name(state.verdict));
  std::ranges::transform(verdict, verdict.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  std::ranges::replace(verdict, '_', ' ');
  text.add_badge(verdict, is_bad ? ink_of(state.severity) : Ink::kGood).go_to(text.width() + 2);
  if (is_bad) {
    text.add(name(state.severity), ink_of(state.severity));
    const std::vector<const Episode*> roots = root_causes(state);
    if (!roots.empty()) text.add(fmt::format(" since step {}", roots.front()->first_step));
    return text.text();
  }
  text.add(fmt::format("{} judged", steps_text(state.judged_steps)));
  if (state.worst) {
    const Episode& worst = *state.worst;
    text.add(fmt::format("; it was {} from step {} to {}", name(worst.finding.verdict),
                         worst.first_step, worst.last_step),
             ink_of(worst.finding.severity));
  }
  return text.text();
}

/// A label, and behind it the text, in as many lines as it takes.
void add_wrapped(LiveSection& section, const LiveCanvas& canvas, std::string_view label,
                 std::string_view text, int first_rank, int next_rank) {
  const int indent = std::min(2 + display_width(label), canvas.size.columns / 2);
  const std::vector<std::string> pieces =
      wrapped(text, canvas.size.columns - indent - display_width(kGoesOn), canvas.style);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    ScreenLine added = canvas.line();
    if (i == 0) added.go_to(2).add(label, Ink::kStrong);
    if (added.width() < indent) added.go_to(indent);
    added.add(pieces[i]);
    const bool goes_on = i + 1 < pieces.size() && added.room() >= display_width(kGoesOn);
    section.lines.push_back(
        {.text = added.text(), .rank = i == 0 ? first_rank : next_rank++, .goes_on = goes_on});
  }
}

std::string finding_head(const Episode& episode, const LiveCanvas& canvas) {
  const Finding& finding = episode.finding;
  const std::string place = screen_text(place_words(finding), canvas.style);
  const auto words = [&](const std::string& rule) {
    return fmt::format("{} since step {}{}", rule, episode.first_step, place.empty() ? "" : " in ");
  };
  ScreenLine head = canvas.line();
  head.add(name(finding.severity), ink_of(finding.severity)).go_to(head.width() + 1);
  std::string text = words(rule_words(finding.rule));
  const bool fits = display_width(text) + display_width(place) <= head.room();
  if (!fits) text = words(std::string(rule_number(finding.rule)));
  head.add(text);
  return head.add(cut_from_middle(place, head.room(), canvas.style), Ink::kStrong).text();
}

void add_finding(LiveSection& section, const LiveCanvas& canvas, const Episode& episode,
                 std::size_t place) {
  const Finding& finding = episode.finding;
  const bool is_first = place == 0;
  const int later = static_cast<int>(place) * 8;
  section.lines.push_back({finding_head(episode, canvas), is_first ? 1 : 3 + later});
  add_wrapped(section, canvas, "", finding.text, is_first ? 2 : 17 + later,
              is_first ? 5 : kSpareRank + 10 + later);
  for (std::size_t i = 0; i < finding.advice.size(); ++i) {
    const int less = static_cast<int>(i) * 20;
    add_wrapped(section, canvas, i == 0 ? "What to do: " : "      Also: ", finding.advice[i],
                (is_first ? 3 : 19 + later) + less,
                (is_first ? 8 : kSpareRank + 12 + later) + less);
  }
}

/// What only informs, in a line.
void add_hint(LiveSection& section, const LiveCanvas& canvas, const Episode& episode) {
  const Finding& finding = episode.finding;
  ScreenLine hint = canvas.line();
  hint.add(name(finding.severity), ink_of(finding.severity)).go_to(hint.width() + 1);
  hint.add(fmt::format("{} since step {}: ", rule_words(finding.rule), episode.first_step));
  section.lines.push_back({hint.add(finding.text, Ink::kFaint).text(), 22});
}

}  // namespace

std::vector<const Episode*> root_causes(const LiveState& state) {
  std::vector<const Episode*> roots;
  for (const Episode& episode : state.open) {
    if (!is_explained_by_open(episode, state.open)) roots.push_back(&episode);
  }
  std::ranges::stable_sort(roots, {}, [&state](const Episode* episode) {
    const Finding& finding = episode->finding;
    return std::tuple(finding.severity < Severity::kWarning, finding.verdict != state.verdict,
                      -static_cast<int>(finding.severity), episode->first_step);
  });
  return roots;
}

LiveSection verdict_section(const LiveState& state, const LiveCanvas& canvas) {
  return {.title = {}, .lines = {{live_verdict_line(state, canvas), 0}}};
}

LiveSection findings_section(const LiveState& state, const LiveCanvas& canvas) {
  LiveSection section;
  std::size_t place = 0;
  for (const Episode* episode : root_causes(state)) {
    if (episode->finding.severity >= Severity::kWarning) {
      add_finding(section, canvas, *episode, place++);
    } else {
      add_hint(section, canvas, *episode);
    }
  }
  std::string words;
  for (const Episode& episode : state.open) {
    const bool is_told = episode.finding.severity >= Severity::kWarning;
    if (!is_told || !is_explained_by_open(episode, state.open)) continue;
    if (!words.empty()) words += ", ";
    words += fmt::format("{} (step {})", rule_words(episode.finding.rule), episode.first_step);
  }
  if (words.empty()) return section;
  ScreenLine explained = canvas.line();
  section.lines.push_back({explained.add("Follow from that: " + words, Ink::kFaint).text(), 21});
  return section;
}

}  // namespace gradvitals
