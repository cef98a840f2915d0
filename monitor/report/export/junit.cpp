#include "monitor/report/export/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/threshold_table.h"
#include "monitor/report/export/export_text.h"

namespace gradvitals {
namespace {

/// Of one rule, in the body of its failure.
constexpr std::size_t kMostFindingsOfRule = 100;

bool is_xml_character(char32_t c) {
  return c == U'\t' || c == U'\n' || c == U'\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

enum class XmlPlace : std::uint8_t { kAttribute, kContent };

/// Line ends of an attribute survive as references alone, and so does CR everywhere.
std::string xml_escaped(std::string_view text, XmlPlace place = XmlPlace::kAttribute) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    switch (c) {
      case U'&':
        out += "&amp;";
        break;
      case U'<':
        out += "&lt;";
        break;
      case U'>':
        out += "&gt;";
        break;
      case U'"':
        out += "&quot;";
        break;
      case U'\t':
      case U'\n':
      case U'\r':
        if (place == XmlPlace::kContent && c != U'\r') {
          out += static_cast<char>(c);
        } else {
          fmt::format_to(std::back_inserter(out), "&#{};", static_cast<unsigned>(c));
        }
        break;
      default:
        append_utf8(out, is_xml_character(c) ? c : U'\uFFFD');
    }
  }
  return out;
}

/// Counted as the suite is written, and told in its first tag.
struct SuiteCounts {
  std::int64_t tests = 0, failures = 0, errors = 0, skipped = 0;

  void add(const SuiteCounts& other) {
    tests += other.tests;
    failures += other.failures;
    errors += other.errors;
    skipped += other.skipped;
  }
  std::string attributes() const {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", tests, failures,
                       errors, skipped);
  }
};

std::string property_line(std::string_view name, std::string_view value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", xml_escaped(name),
                     xml_escaped(value));
}

std::string properties_of(const JudgedSubject& subject, const ExportOptions& options) {
  const std::string& device = options.device.empty() ? subject.device : options.device;
  std::string lines = property_line("verdict", name(subject.verdict)) +
                      property_line("severity", name(subject.severity)) +
                      property_line("version", options.version) +
                      property_line("gate", name(options.failing()));
  if (!device.empty()) lines += property_line("device", device);
  for (const ThresholdField* field : changed_fields(subject.thresholds)) {
    const Limits limits = limits_of(subject.thresholds, *field);
    const std::string value =
        limits.warning == limits.critical
            ? exact_number(limits.warning)
            : fmt::format("warning {}, critical {}", exact_number(limits.warning),
                          exact_number(limits.critical));
    lines += property_line(fmt::format("threshold.{}", field->name), value);
  }
  for (const std::string& note : subject.notes) lines += property_line("note", note);
  return fmt::format("    <properties>\n{}    </properties>\n", lines);
}

/// One finding and what belongs to it, as lines of text.
std::string finding_lines(const JudgedFinding& found) {
  const Finding& finding = found.finding;
  std::string text = fmt::format("{}: {}\n", name(finding.severity), finding.text);
  if (!finding.tensor.empty()) text += fmt::format("tensor: {}\n", finding.tensor);
  if (!finding.network.empty()) text += fmt::format("network: {}\n", finding.network);
  const std::string measured = measured_text(found);
  if (!measured.empty()) text += measured + '\n';
  for (const std::string& advice : finding.advice) text += fmt::format("advice: {}\n", advice);
  if (finding.consequence_of) {
    text += fmt::format("follows from: {}\n", rule_label(*finding.consequence_of));
  }
  return text;
}

std::string consequence_lines(const JudgedFinding& root, const std::vector<FindingGroup>& groups) {
  const auto group = std::ranges::find(groups, &root, &FindingGroup::root);
  if (group == groups.end()) return {};
  std::string text;
  const std::size_t shown = std::min(group->consequences.size(), kMostFindingsOfRule);
  for (const JudgedFinding* consequence : std::span(group->consequences).first(shown)) {
    text += fmt::format("explains: {}: {}\n", rule_label(consequence->finding.rule),
                        consequence->finding.text);
  }
  if (shown < group->consequences.size()) {
    text += fmt::format("explains {} more\n", group->consequences.size() - shown);
  }
  return text;
}

class SuiteWriter {
 public:
  SuiteWriter(const JudgedSubject& subject, const ExportOptions& options)
      : subject_(subject), options_(options), groups_(grouped_findings(subject)) {}

  std::string write() {
    judge_case();
    for (const JudgedRule& rule : subject_.rules) rule_case(rule);
    return fmt::format("  <testsuite name=\"{}\" {}>\n{}{}  </testsuite>\n",
                       xml_escaped(subject_.name), counts_.attributes(),
                       properties_of(subject_, options_), cases_);
  }
  const SuiteCounts& counts() const { return counts_; }

 private:
  void add_case(std::string_view title, std::string_view content) {
    ++counts_.tests;
    cases_ += fmt::format("    <testcase classname=\"gradvitals.{}\" name=\"{}\"",
                          xml_escaped(subject_.name), xml_escaped(title));
    cases_ += content.empty() ? std::string("/>\n") : fmt::format(">{}</testcase>\n", content);
  }

  void judge_case() {
    if (!subject_.is_judged) ++counts_.errors;
    add_case("something to judge",
             subject_.is_judged ? std::string()
                                : fmt::format("<error message=\"{}\" type=\"nothing_judged\"/>",
                                              xml_escaped(subject_.sentence)));
  }

  void rule_case(const JudgedRule& rule) {
    std::vector<const JudgedFinding*> found;
    for (const JudgedFinding& one : subject_.findings) {
      if (one.finding.rule == rule.rule) found.push_back(&one);
    }
    add_case(rule_label(rule.rule), content_of(rule, found));
  }

  std::string content_of(const JudgedRule& rule, const std::vector<const JudgedFinding*>& found) {
    if (found.empty()) {
      const std::string missing = subject_.is_judged ? rule.missing : "nothing could be judged";
      if (missing.empty()) return {};
      ++counts_.skipped;
      return fmt::format("<skipped message=\"{}\"/>", xml_escaped(missing));
    }
    std::string body;
    for (std::size_t i = 0; i < std::min(found.size(), kMostFindingsOfRule); ++i) {
      body += finding_lines(*found[i]) + consequence_lines(*found[i], groups_) + '\n';
    }
    if (found.size() > kMostFindingsOfRule) {
      body += fmt::format("{} more are left out here\n", found.size() - kMostFindingsOfRule);
    }
    const Finding& worst = (*std::ranges::max_element(found, {}, [](const auto* one) {
                             return one->finding.severity;
                           }))->finding;
    if (worst.severity < options_.failing()) {
      return fmt::format("<system-out>{}</system-out>", xml_escaped(body, XmlPlace::kContent));
    }
    ++counts_.failures;
    return fmt::format("<failure message=\"{}\" type=\"{}\">{}</failure>", xml_escaped(worst.text),
                       name(worst.severity), xml_escaped(body, XmlPlace::kContent));
  }

  const JudgedSubject& subject_;
  const ExportOptions& options_;
  std::vector<FindingGroup> groups_;
  SuiteCounts counts_;
  std::string cases_;
};

}  // namespace

std::string junit_xml(std::span<const JudgedSubject> subjects, const ExportOptions& options) {
  SuiteCounts all;
  std::string suites;
  for (const JudgedSubject& subject : subjects) {
    SuiteWriter writer(subject, options);
    suites += writer.write();
    all.add(writer.counts());
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gradvitals\" {}>\n{}"
      "</testsuites>\n",
      all.attributes(), suites);
}

}  // namespace gradvitals
