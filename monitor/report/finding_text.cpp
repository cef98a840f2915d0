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

std::string finding_advice(const Finding& finding) {
  std::string text;
  for (const std::string& advice : finding.advice) {
    text += fmt::format("   📝 {}\n", printable(advice));
  }
  return text;
}

}  // namespace gradvitals
