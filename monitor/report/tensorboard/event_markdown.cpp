#include "monitor/report/tensorboard/event_markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "kernels/runtime/utf8.h"
#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"
#include "monitor/report/style.h"

namespace gradvitals {
namespace {

std::string_view kind_phrase(HealthEventKind kind) {
  switch (kind) {
    case HealthEventKind::kBegan:
      return "began";
    case HealthEventKind::kWorsened:
      return "grew worse";
    case HealthEventKind::kEnded:
      return "ended";
  }
  return "";
}

/// "value 0.241, limit 0.3; held in steps 12 to 40, worst in 30"
std::string evidence_line(const Episode& episode) {
  const Finding& finding = episode.finding;
  std::string line;
  if (finding.value) line += fmt::format("value {}, ", three_digits(*finding.value));
  if (finding.threshold) line += fmt::format("limit {}, ", three_digits(*finding.threshold));
  return line + fmt::format("in steps {} to {}, worst in step {}", episode.first_step,
                            episode.last_step, episode.peak_step);
}

}  // namespace

std::string plain_markdown(std::string_view text) {
  // Of a number that begins a line, what makes it one of a list.
  constexpr std::string_view kBehindNumber = ".)";
  constexpr std::string_view kFirst = "#+-";
  constexpr std::string_view kSpecial = "\\`*_[]|";
  const std::string shown = printable(text);
  const std::size_t digits = std::min(shown.find_first_not_of("0123456789"), shown.size());
  std::string markdown;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const char letter = shown[i];
    const std::string_view special = i > 0 && i == digits ? kBehindNumber : i == 0 ? kFirst : "";
    if (letter == '<') {
      markdown += "&lt;";
    } else if (letter == '>') {
      markdown += "&gt;";
    } else if (letter == '&') {
      markdown += "&amp;";
    } else {
      const bool is_special = kSpecial.find(letter) != std::string_view::npos ||
                              special.find(letter) != std::string_view::npos;
      if (is_special) markdown += '\\';
      markdown += letter;
    }
  }
  return markdown;
}

std::string event_markdown(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  std::string title = finding_title(finding);
  if (rule_title(finding.rule).empty()) title += fmt::format(" ({})", name(finding.verdict));
  std::string markdown =
      fmt::format("**{}: {}** {}\n\n{}\n\n{}\n", marker(finding.severity), plain_markdown(title),
                  kind_phrase(event.kind), plain_markdown(finding.text),
                  plain_markdown(evidence_line(event.episode)));
  if (finding.consequence_of) {
    markdown += fmt::format("\nA consequence of {}.\n", rule_number(*finding.consequence_of));
  }
  if (event.kind == HealthEventKind::kEnded || finding.advice.empty()) return markdown;
  markdown += '\n';
  for (const std::string& advice : finding.advice) {
    markdown += fmt::format("- {}\n", plain_markdown(advice));
  }
  return markdown;
}

}  // namespace gradvitals
