// Sections that pages of networks and of runs share. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/html/html_findings.h"
#include "monitor/report/html/html_page.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_writer.h"
#include "monitor/report/vital_signs_text.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// What stands first: how bad it is, and what to do.
struct PageVerdict {
  Severity severity = Severity::kOk;
  std::string headline;                   ///< One sentence for who knows nothing of it yet.
  std::vector<std::string> details;       ///< Sentences.
  const Finding* cause = nullptr;         ///< Whose advice it is; null for none.
  std::string cause_id = {};              ///< Of that finding on the page.
  std::optional<std::int64_t> step = {};  ///< In which it began, where it is about a run.
};

/// The text with a capital letter before it and a full stop behind it.
std::string sentence(std::string text);

/// The verdict as a word of a sentence: "non-finite", "without gradient".
std::string_view word_of(Verdict verdict);

/// What a verdict means for the training, as the end of a sentence: "gradients shrink so much ...".
std::string_view meaning(Verdict verdict);

/// Begins the page: its title, the verdict and links to the sections. `sections` are {id, title}.
void write_verdict(HtmlWriter& out, std::string_view title, const PageVerdict& verdict,
                   const PagePlace& place);
void write_links(HtmlWriter& out, std::span<const std::pair<std::string, std::string>> sections);

/// Opens a section; `explanation` says what it shows.
void open_section(HtmlWriter& out, std::string_view id, std::string_view title,
                  std::string_view explanation);

/// Vital signs of one or several that stand side by side.
struct PageSigns {
  std::string name;
  std::vector<VitalLine> lines;
};
void write_vital_signs(HtmlWriter& out, std::span<const PageSigns> columns);

/// Settings, limits, version and notes: how the page came to be.
void write_origin(HtmlWriter& out, const HtmlOptions& options, const Thresholds& thresholds,
                  std::span<const std::string> notes);

/// The static figure, or why there is none, where there are no charts.
void write_figure(HtmlWriter& out, const HtmlOptions& options);

/// "data:image/svg+xml;base64,..."
std::string svg_address(std::string_view svg);
std::string base64(std::string_view bytes);

}  // namespace gradvitals
