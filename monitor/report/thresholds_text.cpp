#include "monitor/report/thresholds_text.h"

#include <fmt/format.h>

#include <iterator>

#include "monitor/metrics/threshold_table.h"

namespace gradvitals {

std::string thresholds_text(const Thresholds& thresholds, TextStyle style) {
  std::string text;
  for (const ThresholdField* field : changed_fields(thresholds)) {
    const Limits limits = limits_of(thresholds, *field);
    text += fmt::format("{}{} {:g}", text.empty() ? "" : ", ", field->name, limits.warning);
    if (limits.critical != limits.warning) {
      fmt::format_to(std::back_inserter(text), " and {:g}", limits.critical);
    }
  }
  if (text.empty()) return text;
  return decorate(fmt::format("{}: judged by limits that are not the default: {}\n",
                              marker(Severity::kInfo), text),
                  style);
}

}  // namespace gradvitals
