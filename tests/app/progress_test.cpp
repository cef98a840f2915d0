// Contract: a line that fits its terminal, says the important things first and leaves no traces; text
// where there is no terminal. Oracle: the texts below, and a small terminal that obeys \r, \n and
// the escape that clears to the end of the line.
#include "app/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "kernels/runtime/utf8.h"

namespace gradvitals::app {
namespace {

using namespace std::chrono_literals;

ProgressReport some_report() {
  return {.step = 500,
          .steps = 1000,
          .epoch = 3,
          .epochs = 5,
          .loss = 0.08321,
          .score = 0.9714,
          .score_name = "accuracy",
          .gradient_norm = 1.2345,
          .verdict = Verdict::kHealthy,
          .severity = Severity::kOk};
}

TEST(ProgressLine, SaysEverythingWhereThereIsRoom) {
  EXPECT_EQ(progress_line(some_report(), {.width = 120, .ascii = true}, 12s),
            "[===============               ]  500/1000  epoch 3/5  loss 0.08321  accuracy 97.1 %  "
            "norm 1.23  healthy  12 s left");
}

TEST(ProgressLine, LeavesOutTheLeastImportantFirst) {
  const auto line = [](int width) {
    return progress_line(some_report(), {.width = width, .ascii = true}, 12s);
  };
  EXPECT_EQ(line(71), "500/1000  epoch 3/5  loss 0.08321  accuracy 97.1 %  norm 1.23  healthy");
  EXPECT_EQ(line(40), "500/1000  loss 0.08321  healthy");
  EXPECT_EQ(line(17), "500/1000  healthy");
  EXPECT_EQ(line(16), "500/1000");
  EXPECT_EQ(line(3), "");
}

TEST(ProgressLine, NamesWhatIsUnderWayOfSeveral) {
  ProgressReport report = some_report();
  report.epoch = 0;
  report.score.reset();
  report.task = "ReLU with sgd";
  EXPECT_EQ(progress_line(report, {.width = 60, .ascii = true}),
            "500/1000  ReLU with sgd  loss 0.08321  norm 1.23  healthy");
  EXPECT_EQ(progress_line(report, {.width = 50, .ascii = true}),
            "500/1000  ReLU with sgd  loss 0.08321  healthy");
  EXPECT_EQ(progress_text(report),
            "step 500 of 1000, ReLU with sgd: loss 0.08321, gradient norm 1.23, healthy");
}

TEST(ProgressLine, NeverExceedsItsWidth) {
  ProgressReport report = some_report();
  report.verdict = Verdict::kNonFinite;
  report.severity = Severity::kCritical;
  report.loss = std::numeric_limits<double>::quiet_NaN();
  for (int width = 0; width < 200; ++width) {
    for (const bool ascii : {false, true}) {
      const std::string line = progress_line(report, {.width = width, .ascii = ascii}, 7200s);
      EXPECT_LE(display_width(line), width) << line;
    }
  }
}

TEST(ProgressLine, ColorsTheHealthAlone) {
  ProgressReport report = some_report();
  report.verdict = Verdict::kExploding;
  report.severity = Severity::kCritical;
  const std::string line = progress_line(report, {.width = 30, .color = true});
  EXPECT_EQ(line, "500/1000  \x1b[1;31mexploding (critical)\x1b[0m");
}

TEST(ProgressLine, TheBarIsFullAtTheEndAndEmptyAtTheStart) {
  ProgressReport report;
  report.steps = 4;
  EXPECT_EQ(progress_line(report, {.width = 27, .ascii = true}), "[           ]  0/4  healthy");
  report.step = 4;
  EXPECT_EQ(progress_line(report, {.width = 27, .ascii = true}), "[===========]  4/4  healthy");
}

TEST(ProgressText, IsASentence) {
  EXPECT_EQ(progress_text(some_report()),
            "step 500 of 1000, epoch 3 of 5: loss 0.08321, accuracy 97.1 %, gradient norm 1.23, "
            "healthy");
  ProgressReport report;
  report.steps = 10;
  report.score = -0.25;
  report.score_name = "R2";
  report.verdict = Verdict::kVanishing;
  report.severity = Severity::kWarning;
  EXPECT_EQ(progress_text(report), "step 0 of 10: R2 -0.250, vanishing (warning)");
}

TEST(ProgressText, LeavesOutAnEndThatIsNotKnown) {
  ProgressReport report;
  report.step = 39;
  report.loss = 0.5;
  EXPECT_EQ(progress_text(report), "step 39: loss 0.5, healthy");
}

TEST(Progress, WritesLinesWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  {
    Progress progress(ColorMode::kAuto, false);
    const Progress::Clock::time_point start = Progress::Clock::now();
    EXPECT_FALSE(progress.is_due(start));
    EXPECT_TRUE(progress.is_due(start + 6s));
    progress.update(some_report(), start + 6s);
    EXPECT_FALSE(progress.is_due(start + 10s));
    progress.print("an alert");
    progress.end_epoch(some_report(), start + 20s);
    progress.end_epoch(some_report(), start + 20s);  // Within a second: not said again.
    progress.finish(some_report(), start + 21s);     // Nor is a step that was the last one said.
  }
  const std::string line = "gradvitals: " + progress_text(some_report()) + "\n";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), line + "an alert\n" + line);
}

/// stderr as a terminal of some columns.
class TerminalStderr {
 public:
  explicit TerminalStderr(unsigned short columns) : saved_(::dup(STDERR_FILENO)) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    int inner = -1;
    if (::openpty(&outer_, &inner, nullptr, nullptr, &size) != 0) std::abort();
    ::dup2(inner, STDERR_FILENO);
    ::close(inner);
    ::fcntl(outer_, F_SETFL, O_NONBLOCK);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
  }
  TerminalStderr(const TerminalStderr&) = delete;
  TerminalStderr& operator=(const TerminalStderr&) = delete;
  ~TerminalStderr() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    ::close(outer_);
  }

  std::string bytes() const {
    std::string text;
    char block[4096];
    for (ssize_t got = 0; (got = ::read(outer_, block, sizeof block)) > 0;) text.append(block, got);
    return text;
  }

 private:
  int saved_;
  int outer_ = -1;
};

/// The lines that a terminal shows after these bytes, colours left out.
std::vector<std::string> shown(std::string_view bytes) {
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  while (!bytes.empty()) {
    if (bytes.starts_with("\x1b[K")) {
      lines.back().resize(column);
      bytes.remove_prefix(3);
    } else if (bytes.starts_with("\x1b[")) {
      bytes.remove_prefix(bytes.find('m') + 1);
    } else if (bytes.front() == '\r') {
      column = 0;
      bytes.remove_prefix(1);
    } else if (bytes.front() == '\n') {
      lines.emplace_back();
      column = 0;
      bytes.remove_prefix(1);
    } else {
      lines.back().resize(std::max(lines.back().size(), column + 1), ' ');
      lines.back()[column++] = bytes.front();
      bytes.remove_prefix(1);
    }
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Progress, ALineOnATerminalChangesInPlace) {
  const TerminalStderr terminal(25);
  {
    Progress progress(ColorMode::kAuto, true);
    ProgressReport report = some_report();
    report.verdict = Verdict::kExploding;
    progress.update(report);
    report = some_report();
    report.step = 501;
    progress.update(report);
    EXPECT_EQ(shown(terminal.bytes()), Lines{"501/1000  healthy"});
    progress.finish(report);
  }
  EXPECT_EQ(shown(terminal.bytes()), (Lines{"501/1000  healthy", ""}));
}

TEST(Progress, AMessageStandsAboveTheLine) {
  const TerminalStderr terminal(25);
  {
    Progress progress(ColorMode::kAuto, true);
    progress.print("first");
    progress.update(some_report());
    progress.print("an alert");
    EXPECT_EQ(shown(terminal.bytes()), (Lines{"first", "an alert", "500/1000  healthy"}));
  }
  EXPECT_EQ(terminal.bytes(), "\r\n");
}

TEST(Progress, ATerminalIsWrittenTenTimesASecondAtMost) {
  const TerminalStderr terminal(80);
  Progress progress(ColorMode::kAuto, true);
  const Progress::Clock::time_point start = Progress::Clock::now();
  EXPECT_TRUE(progress.is_due(start));
  progress.update(some_report(), start);
  EXPECT_FALSE(progress.is_due(start + 99ms));
  EXPECT_TRUE(progress.is_due(start + 100ms));
  ProgressReport later = some_report();
  later.step = 501;
  progress.update(later, start + 10s);
  const Lines lines = shown(terminal.bytes());
  EXPECT_EQ(lines.size(), 1U);
}

TEST(Progress, ColorsObeyTheOptionAndNoColor) {
  const TerminalStderr terminal(80);
  const auto bytes_with = [&](ColorMode mode) {
    { Progress(mode, true).update(some_report()); }
    return terminal.bytes();
  };
  EXPECT_NE(bytes_with(ColorMode::kAuto).find("\x1b[32m"), std::string::npos);
  EXPECT_EQ(bytes_with(ColorMode::kNever).find("\x1b[32m"), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(bytes_with(ColorMode::kAuto).find("\x1b[32m"), std::string::npos);
  EXPECT_NE(bytes_with(ColorMode::kAlways).find("\x1b[32m"), std::string::npos);
  ::unsetenv("NO_COLOR");
}

TEST(Progress, ADumbTerminalGetsText) {
  const TerminalStderr terminal(80);
  ::setenv("TERM", "dumb", 1);
  { Progress(ColorMode::kAuto, true).finish(some_report()); }
  EXPECT_EQ(terminal.bytes(), "gradvitals: " + progress_text(some_report()) + "\r\n");
}

}  // namespace
}  // namespace gradvitals::app
