#include "monitor/report/export/github.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/export/export_text.h"

namespace gradvitals {
namespace {

/// GitHub cuts messages and titles itself, and not always between characters.
constexpr std::size_t kMostTitleBytes = 200;
constexpr std::size_t kMostMessageBytes = 4000;
constexpr std::size_t kMostNamedConsequences = 10;

enum class AnnotationLevel : std::uint8_t { kError, kWarning, kNotice };

struct Annotation {
  AnnotationLevel level = AnnotationLevel::kNotice;
  std::string title;
  std::string message;
  std::string rule;
};

std::string_view command_of(AnnotationLevel level) {
  constexpr std::array<std::string_view, 3> kCommands = {"error", "warning", "notice"};
  return kCommands.at(static_cast<std::size_t>(level));
}

/// Of a message; a property ends at a comma or colon as well.
std::string command_escaped(std::string_view text, bool is_property) {
  std::string out;
  for (const char letter : text) {
    const bool is_special = letter == '%' || letter == '\r' || letter == '\n' ||
                            (is_property && (letter == ':' || letter == ','));
    if (is_special) {
      out += fmt::format("%{:02X}", static_cast<unsigned>(letter));
    } else {
      out += letter;
    }
  }
  return out;
}

AnnotationLevel level_of(Severity severity, const ExportOptions& options) {
  const bool trips = options.gate != Severity::kOk && severity >= options.gate;
  if (trips || severity == Severity::kCritical) return AnnotationLevel::kError;
  return severity == Severity::kWarning ? AnnotationLevel::kWarning : AnnotationLevel::kNotice;
}

std::string consequences_phrase(const std::vector<const JudgedFinding*>& consequences) {
  std::vector<std::string> names;
  for (const JudgedFinding* found : consequences) {
    std::string said = rule_label(found->finding.rule);
    if (!found->finding.tensor.empty()) said += " in " + printable(found->finding.tensor);
    names.push_back(std::move(said));
  }
  const std::size_t shown = std::min(names.size(), kMostNamedConsequences);
  std::string text = fmt::format("{}", fmt::join(std::span(names).first(shown), ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

/// A root is as bad as the worst that follows from it: folded in, that must not look harmless.
Severity worst_of(const FindingGroup& group) {
  Severity worst = group.root->finding.severity;
  for (const JudgedFinding* found : group.consequences) {
    worst = std::max(worst, found->finding.severity);
  }
  return worst;
}

Annotation annotation_of(const JudgedSubject& subject, const FindingGroup& group,
                         const ExportOptions& options) {
  const Finding& finding = group.root->finding;
  Annotation annotation;
  annotation.level = level_of(worst_of(group), options);
  annotation.rule = rule_number(finding.rule);
  annotation.title = fmt::format("{}: {}", printable(subject.name), rule_label(finding.rule));
  if (!finding.tensor.empty()) annotation.title += ": " + printable(finding.tensor);
  annotation.message = printable(finding.text);
  const std::string measured = measured_text(*group.root);
  if (!measured.empty()) annotation.message += '\n' + printable(measured);
  for (const std::string& advice : finding.advice) annotation.message += "\n- " + printable(advice);
  if (!group.consequences.empty()) {
    annotation.message += "\nFollows from it: " + consequences_phrase(group.consequences);
  }
  return annotation;
}

std::vector<Annotation> annotations_of(const JudgedSubject& subject, const ExportOptions& options) {
  std::vector<Annotation> all;
  if (!subject.is_judged) {
    all.push_back({AnnotationLevel::kError, printable(subject.name) + ": nothing judged",
                   printable(subject.sentence), "nothing judged"});
    return all;
  }
  for (const FindingGroup& group : grouped_findings(subject)) {
    all.push_back(annotation_of(subject, group, options));
  }
  return all;
}

std::string annotation_line(AnnotationLevel level, std::string_view title,
                            std::string_view message) {
  return fmt::format("::{} title={}::{}\n", command_of(level),
                     command_escaped(abridged(title, kMostTitleBytes), true),
                     command_escaped(abridged(message, kMostMessageBytes), false));
}

std::string level_lines(AnnotationLevel level, const std::vector<Annotation>& all) {
  std::vector<const Annotation*> of_level;
  for (const Annotation& one : all) {
    if (one.level == level) of_level.push_back(&one);
  }
  const std::size_t shown =
      of_level.size() <= kMostAnnotations ? of_level.size() : kMostAnnotations - 1;
  std::string lines;
  for (const Annotation* one : std::span(of_level).first(shown)) {
    lines += annotation_line(level, one->title, one->message);
  }
  if (shown == of_level.size()) return lines;
  std::set<std::string> rules;
  for (const Annotation* one : std::span(of_level).subspan(shown)) rules.insert(one->rule);
  const std::size_t more = of_level.size() - shown;
  return lines +
         annotation_line(level, fmt::format("gradvitals: {} more", more),
                         fmt::format("{} more of this level, of {}: GitHub shows no more than "
                                     "{} annotations; the log has them all",
                                     more, fmt::join(rules, ", "), kMostAnnotations));
}

}  // namespace

std::string github_annotations(std::span<const JudgedSubject> subjects,
                               const ExportOptions& options) {
  std::vector<Annotation> all;
  for (const JudgedSubject& subject : subjects) {
    std::ranges::move(annotations_of(subject, options), std::back_inserter(all));
  }
  return level_lines(AnnotationLevel::kError, all) + level_lines(AnnotationLevel::kWarning, all) +
         level_lines(AnnotationLevel::kNotice, all);
}

std::string github_plain_text(std::string_view text) {
  if (text.empty()) return {};
  // What does not stand in the text cannot be ended by it.
  std::string token = "gradvitals-text";
  for (int i = 0; text.find(token) != std::string_view::npos; ++i) {
    token = fmt::format("gradvitals-text-{}", i);
  }
  return fmt::format("::stop-commands::{0}\n{1}{2}::{0}::\n", token, text,
                     text.ends_with('\n') ? "" : "\n");
}

}  // namespace gradvitals
