// `gradvitals report FILE --follow`: a run that is recorded elsewhere, judged while it goes on.
#pragma once

#include <string>

#include "app/exit_code.h"
#include "app/history.h"
#include "app/report_files.h"

namespace gradvitals::app {

/// Shows the run on stderr, in a live view or as lines where that is no terminal, until SIGINT or SIGTERM
/// ends it, or the gate of --fail-on; then delivers what was found up to there. `path` need not be there
/// yet. Throws InputError as HistoryFollower::next().
ExitCode follow_history(const std::string& path, const ReportFiles& files,
                        const HistoryJudging& judging);

}  // namespace gradvitals::app
