// What the monitor says of the network: texts, JSON and numbers.
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "bindings/c/monitor_handle.h"
#include "bindings/c/status.h"
#include "bindings/c/translate.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/json.h"
#include "monitor/report/trajectory_report.h"

namespace gradvitals::c {
namespace {

constexpr std::size_t kVerdictSize = 32;
constexpr std::size_t kFindingSize = 72;
static_assert(sizeof(gradvitals_verdict) == kVerdictSize);
static_assert(sizeof(gradvitals_finding) == kFindingSize);

bool is_json(std::int32_t format) {
  if (format == GRADVITALS_TEXT || format == GRADVITALS_JSON) return format == GRADVITALS_JSON;
  throw std::invalid_argument(fmt::format("{} is none of gradvitals_format", format));
}

/// 2 of "R2"; 0 of no rule.
std::int32_t number_of(RuleId rule) {
  const std::string_view text = rule_number(rule);
  std::int32_t number = 0;
  if (!text.empty()) std::from_chars(text.data() + 1, text.data() + text.size(), number);
  return number;
}

double or_nan(const std::optional<double>& value) {
  return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

const Finding& finding_at(const gradvitals_monitor& handle, std::int64_t index) {
  if (!handle.judged) {
    throw std::logic_error("gradvitals_monitor_finding() before gradvitals_monitor_verdict()");
  }
  const std::vector<Finding>& findings = handle.judged->diagnosis.findings;
  if (index >= 0 && index < std::ssize(findings)) return findings[static_cast<std::size_t>(index)];
  throw std::invalid_argument(fmt::format("finding {} of {}", index, findings.size()));
}

}  // namespace
}  // namespace gradvitals::c

using gradvitals::c::guarded;
using gradvitals::c::require;

extern "C" {

gradvitals_status gradvitals_monitor_diagnosis(gradvitals_monitor* monitor, int32_t format,
                                               const gradvitals_style* style, const char** text) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, "the gradvitals_monitor");
    const char*& out = require(text, "text");
    const gradvitals::TextStyle chosen = gradvitals::c::style_of(style);
    const bool is_json = gradvitals::c::is_json(format);
    const gradvitals::NetworkReport report = handle.health.report();
    handle.text =
        is_json ? gradvitals::diagnosis_json(report) : gradvitals::root_cause_text(report, chosen);
    out = handle.text.c_str();
  });
}

gradvitals_status gradvitals_monitor_run(gradvitals_monitor* monitor, int32_t format,
                                         const gradvitals_style* style, const char** text) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, "the gradvitals_monitor");
    const char*& out = require(text, "text");
    const gradvitals::TextStyle chosen = gradvitals::c::style_of(style);
    const bool is_json = gradvitals::c::is_json(format);
    const gradvitals::TrajectoryReport report = handle.health.trajectory();
    handle.text =
        is_json ? gradvitals::trajectory_json(report) : gradvitals::trajectory_text(report, chosen);
    out = handle.text.c_str();
  });
}

gradvitals_status gradvitals_monitor_verdict(gradvitals_monitor* monitor,
                                             gradvitals_verdict* verdict) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, "the gradvitals_monitor");
    gradvitals_verdict& out = require(verdict, "verdict");
    handle.judged = handle.health.report();
    const gradvitals::Diagnosis& diagnosis = handle.judged->diagnosis;
    const gradvitals_verdict result = {.size = 0,
                                       .verdict = gradvitals::name(diagnosis.verdict).data(),
                                       .severity = static_cast<std::int32_t>(diagnosis.severity),
                                       .reserved = 0,
                                       .findings = std::ssize(diagnosis.findings)};
    gradvitals::c::write_known_part(result, gradvitals::c::kVerdictSize, "gradvitals_verdict", out);
  });
}

gradvitals_status gradvitals_monitor_finding(gradvitals_monitor* monitor, int64_t index,
                                             gradvitals_finding* finding) {
  return guarded([&] {
    gradvitals_monitor& handle = require(monitor, "the gradvitals_monitor");
    gradvitals_finding& out = require(finding, "finding");
    const gradvitals::Finding& found = gradvitals::c::finding_at(handle, index);
    handle.advice.clear();
    for (const std::string& line : found.advice) {
      if (!handle.advice.empty()) handle.advice += '\n';
      handle.advice += line;
    }
    const gradvitals_finding result = {
        .size = 0,
        .rule = gradvitals::c::number_of(found.rule),
        .severity = static_cast<std::int32_t>(found.severity),
        .id = gradvitals::rule_word(found.rule).data(),
        .tensor = found.tensor.c_str(),
        .value = gradvitals::c::or_nan(found.value),
        .threshold = gradvitals::c::or_nan(found.threshold),
        .text = found.text.c_str(),
        .advice = handle.advice.c_str(),
        .consequence_of =
            found.consequence_of ? gradvitals::c::number_of(*found.consequence_of) : 0,
        .reserved = 0};
    gradvitals::c::write_known_part(result, gradvitals::c::kFindingSize, "gradvitals_finding", out);
  });
}
}
