#include "monitor/report/finding_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/number_text.h"
#include "monitor/report/style.h"

namespace gradvitals {

std::string finding_title(const Finding& finding) {
  const std::string_view title = rule_title(finding.rule);
  std::string text{rule_number(finding.rule)};
  if (!title.empty()) text += fmt::format(" {}", title);
  return finding.tensor.empty() ? text : fmt::format("{}: {}", text, printable(finding.tensor));
}

std::string finding_headline(const Finding& finding) {
  return fmt::format("{}: {} {}\n", marker(finding.severity), rule_number(finding.rule),
                     printable(finding.text));
}

std::string finding_evidence(const Finding& finding) {
  std::vector<std::string> parts;
  if (finding.value) parts.push_back("value " + three_digits(*finding.value));
  if (finding.threshold) parts.push_back("limit " + three_digits(*finding.threshold));
  if (!finding.tensor.empty()) parts.push_back("at " + printable(finding.tensor));
  return parts.empty() ? "" : fmt::format("   {}\n", fmt::join(parts, ", "));
}

std::string severity_origin(const Finding& first, const Finding& worst) {
  if (worst.severity <= first.severity) return "";
  std::string cause;
  if (worst.consequence_of) {
    const bool is_first = worst.consequence_of == first.rule;
    cause =
        fmt::format(", which {} explains,", is_first ? "it" : rule_number(*worst.consequence_of));
  }
  return fmt::format(" ({} by itself {}; {}{} is {})", rule_number(first.rule),
                     first.severity == Severity::kWarning ? "is a warning" : "only informs",
                     rule_number(worst.rule), cause, name(worst.severity));
}

std::string finding_advice(const Finding& finding) {
  std::string text;
  for (const std::string& advice : finding.advice) {
    text += fmt::format("   📝 {}\n", printable(advice));
  }
  return text;
}

}  // namespace gradvitals
