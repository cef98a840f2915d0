// JUnit XML: what the test reports of CI systems read.
#pragma once

#include <span>
#include <string>

#include "monitor/report/export/export_options.h"
#include "monitor/report/export/judged_subject.h"

namespace gradvitals {

/// A <testsuite> for each subject. Its first <testcase>, "something to judge", is an <error> where
/// nothing could be judged, so that the file is never green then. One follows for each rule that judges
/// such a subject: <skipped> where it had nothing to judge, with what it lacked; <failure> with the text
/// of its worst finding where that is at least as severe as options.failing(), and with tensor, value,
/// limit, advice and consequences of a hundred of them in the body; else it has passed, and what it
/// found of less severity stands in <system-out>. Properties: verdict, severity, version, device, gate,
/// and the limits that are not the default. Names keep all their characters but those that XML 1.0
/// forbids, which become U+FFFD as bytes do that are no UTF-8. The same input gives the same bytes: no
/// times.
std::string junit_xml(std::span<const JudgedSubject> subjects, const ExportOptions& options);

}  // namespace gradvitals
