// A summary as Markdown: for GitHub's step summary, a merge request, or a person.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "monitor/report/export/export_options.h"
#include "monitor/report/export/judged_subject.h"

namespace gradvitals {

/// GitHub takes no summary of more than 1 MiB.
inline constexpr std::size_t kMostMarkdownBytes = std::size_t{1000} * 1000;

/// GitHub's Markdown: the verdict in one sentence and, for each subject, a table of findings, roots
/// before what follows from them, with the first step and what to do; vital signs with their normal
/// ranges; and the limits that were judged by, those that are not the default marked. Names are
/// escaped: they show as text, mention nobody and link nowhere, and long ones are cut. What does not fit
/// into `most_bytes` is left out, and the last line says how much.
std::string markdown_summary(std::span<const JudgedSubject> subjects, const ExportOptions& options,
                             std::size_t most_bytes = kMostMarkdownBytes);

}  // namespace gradvitals
