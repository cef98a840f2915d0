#include "monitor/report/tensorboard/event_markdown.h"

#include <fmt/format.h>

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
  constexpr std::string_view kSpecial = "\\`*_{}[]()#+-.!|~";
  std::string markdown;
  for (const char letter : printable(text)) {
    if (letter == '<') {
      markdown += "&lt;";
    } else if (letter == '>') {
      markdown += "&gt;";
    } else if (letter == '&') {
      markdown += "&amp;";
    } else {
      if (kSpecial.find(letter) != std::string_view::npos) markdown += '\\';
      markdown += letter;
    }
  }
  return markdown;
}

std::string event_markdown(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  std::string markdown =
      fmt::format("**{}: {}** {}\n\n{}\n\n{}\n", marker(finding.severity),
                  plain_markdown(finding_title(finding)), kind_phrase(event.kind),
                  plain_markdown(finding.text), plain_markdown(evidence_line(event.episode)));
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
