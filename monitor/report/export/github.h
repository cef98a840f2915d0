// Annotations as GitHub's runner reads them from what a step prints.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "monitor/report/export/export_options.h"
#include "monitor/report/export/judged_subject.h"

namespace gradvitals {

/// As many of one level as GitHub shows for a step.
inline constexpr std::size_t kMostAnnotations = 10;

/// A line "::error title=...::...", "::warning ..." or "::notice ..." for each root cause, with its
/// value, limit and advice and the rules that follow from it folded into its message: an error for what
/// is critical or trips the gate, a notice for what only informs. An error where nothing could be
/// judged. Of more than ten of a level the tenth says how many there are and of which rules. Empty for
/// what is healthy. Names are escaped as printable() does, and for the runner: no name ends a line or
/// begins another command.
std::string github_annotations(std::span<const JudgedSubject> subjects,
                               const ExportOptions& options);

/// The text between commands that keep the runner from reading commands in it ("::stop-commands::"):
/// names may hold what looks like one. Empty text stays empty.
std::string github_plain_text(std::string_view text);

}  // namespace gradvitals
