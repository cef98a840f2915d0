#include "monitor/report/export/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/metrics/phrases.h"
#include "monitor/metrics/threshold_table.h"
#include "monitor/report/export/export_text.h"
#include "monitor/report/export/markdown_text.h"
#include "monitor/report/number_text.h"
#include "monitor/report/style.h"
#include "monitor/report/vital_signs_text.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostNameBytes = 200;
constexpr std::size_t kMostTextBytes = 2000;
/// For what is said at the end, of what is left out.
constexpr std::size_t kReservedBytes = 300;

std::string short_text(std::string_view text) {
  return markdown_text(abridged(text, kMostTextBytes));
}

std::string short_code(std::string_view name) {
  return markdown_code(abridged(name, kMostNameBytes));
}

std::string_view emoji_of(Severity severity) {
  const std::string_view text = marker(severity);
  return text.substr(0, text.find(' '));
}

std::string number_cell(const std::optional<double>& value) {
  return value ? three_digits(*value) : std::string();
}

/// Text that grows up to a limit.
class MarkdownPage {
 public:
  explicit MarkdownPage(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Whether it fits.
  bool add(std::string_view piece) {
    if (text_.size() + piece.size() + kReservedBytes > most_bytes_) return false;
    text_ += piece;
    return true;
  }
  std::string finish(std::int64_t findings, std::int64_t sections) && {
    if (findings + sections > 0) {
      text_ += fmt::format("\n\n_Cut to {} bytes: {} {} and {} {} are left out._\n", most_bytes_,
                           findings, plural(findings, "finding", "findings"), sections,
                           plural(sections, "section", "sections"));
    }
    return std::move(text_);
  }

 private:
  std::size_t most_bytes_;
  std::string text_;
};

class Summary {
 public:
  Summary(std::span<const JudgedSubject> subjects, const ExportOptions& options,
          std::size_t most_bytes)
      : subjects_(subjects), options_(options), page_(most_bytes) {}

  std::string write() && {
    section(heading());
    for (const JudgedSubject& subject : subjects_) subject_sections(subject);
    if (!subjects_.empty()) section(limits_section(subjects_.front().thresholds));
    section(fmt::format("\n<sub>gradvitals {}, gate: {}</sub>\n", markdown_text(options_.version),
                        name(options_.failing())));
    return std::move(page_).finish(findings_left_out_, sections_left_out_);
  }

 private:
  void section(std::string_view piece) {
    if (!page_.add(piece)) ++sections_left_out_;
  }

  static std::string_view sign_of(const JudgedSubject& subject) {
    return subject.is_judged ? emoji_of(subject.severity) : emoji_of(Severity::kCritical);
  }

  std::string heading() const {
    if (subjects_.size() == 1) {
      const JudgedSubject& subject = subjects_.front();
      // Sentences of runs do not name them.
      const bool is_named = subject.sentence.starts_with(subject.name);
      return fmt::format(
          "## {} {}\n{}", sign_of(subject), short_text(subject.sentence),
          is_named ? std::string() : fmt::format("\n{}\n", short_code(subject.name)));
    }
    const std::int64_t bad = std::ranges::count_if(subjects_, [this](const JudgedSubject& subject) {
      return !subject.is_judged || subject.severity >= options_.failing();
    });
    const auto worst = std::ranges::max_element(subjects_, {}, &JudgedSubject::severity);
    return fmt::format("## {} {} of {} judged reach '{}'\n",
                       subjects_.empty() ? emoji_of(Severity::kOk) : sign_of(*worst), bad,
                       subjects_.size(), name(options_.failing()));
  }

  void subject_sections(const JudgedSubject& subject) {
    if (subjects_.size() > 1) {
      section(fmt::format("\n### {} {}\n\n{}\n", sign_of(subject), short_code(subject.name),
                          short_text(subject.sentence)));
    }
    for (const std::string& note : subject.notes)
      section(fmt::format("\n- {}\n", short_text(note)));
    findings_table(subject);
    if (!subject.is_judged) return;
    // Names in it are printable, and no line of it can end the block.
    section(fmt::format(
        "\n**Vital signs**\n\n```text\n{}```\n",
        vital_signs_panel(subject.vital_signs, subject.thresholds, subject.global_norm)));
  }

  void findings_table(const JudgedSubject& subject) {
    const std::vector<FindingGroup> groups = grouped_findings(subject);
    if (groups.empty()) return;
    if (!page_.add("\n| | Rule | Tensor | Value | Limit | When | What is wrong | What to do |\n"
                   "|---|---|---|---|---|---|---|---|\n")) {
      findings_left_out_ += std::ssize(subject.findings);
      return;
    }
    for (const FindingGroup& group : groups) {
      finding_row(*group.root, "");
      for (const JudgedFinding* consequence : group.consequences) {
        finding_row(*consequence,
                    fmt::format("follows from {}: ", rule_number(group.root->finding.rule)));
      }
    }
    findings_left_out_ += subject.findings_left_out;
  }

  void finding_row(const JudgedFinding& found, std::string_view relation) {
    const Finding& finding = found.finding;
    std::vector<std::string> advice;
    for (const std::string& one : finding.advice) advice.push_back(short_text(one));
    const std::string row = fmt::format(
        "| {} {} | {} | {} | {} | {} | {} | {}{} | {} |\n", emoji_of(finding.severity),
        name(finding.severity), markdown_text(rule_label(finding.rule)), short_code(finding.tensor),
        number_cell(finding.value), number_cell(finding.threshold), short_text(found.when),
        relation, short_text(finding.text), fmt::join(advice, "<br>"));
    if (!page_.add(row)) ++findings_left_out_;
  }

  static std::string limits_section(const Thresholds& thresholds) {
    const std::vector<const ThresholdField*> changed = changed_fields(thresholds);
    std::string rows;
    for (const ThresholdField& field : threshold_table()) {
      const Limits limits = limits_of(thresholds, field);
      const bool warns = field.level != ThresholdLevel::kCritical;
      const bool is_critical = field.level != ThresholdLevel::kWarning;
      rows += fmt::format(
          "| {} | `{}` | {} | {} | {} |\n", field.rule, field.name,
          warns ? fmt::format("{:g}", limits.warning) : "",
          is_critical ? fmt::format("{:g}", limits.critical) : "",
          std::ranges::find(changed, &field) == changed.end() ? "" : "**not the default**");
    }
    return fmt::format(
        "\n<details><summary>Limits: {}</summary>\n\n| Rule | Limit | Warning | Critical | |\n"
        "|---|---|---|---|---|\n{}\n</details>\n",
        changed.empty() ? std::string("all are the default")
                        : fmt::format("{} {} not the default", changed.size(),
                                      plural(std::ssize(changed), "is", "are")),
        rows);
  }

  std::span<const JudgedSubject> subjects_;
  const ExportOptions& options_;
  MarkdownPage page_;
  std::int64_t findings_left_out_ = 0;
  std::int64_t sections_left_out_ = 0;
};

}  // namespace

std::string markdown_summary(std::span<const JudgedSubject> subjects, const ExportOptions& options,
                             std::size_t most_bytes) {
  return Summary(subjects, options, most_bytes).write();
}

}  // namespace gradvitals
