// Contract: the state of a run is written once a second at most while it goes on, a failure is told once,
// and the end is written in any case. Oracle: the file after steps at given times.
#include "app/run_exports.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "monitor/report/seen_run.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/texts.h"

namespace gradvitals::app {
namespace {

using std::chrono::milliseconds;
using test::contains;
using test::read_file;
using test::TemporaryFolder;

/// Takes steps at times of its own.
class TimedRun {
 public:
  TimedRun(const ExportFiles& files, bool is_live)
      : exports_(files,
                 {.name = "run", .options = export_options(Severity::kOk), .is_live = is_live}) {}

  void step_at(milliseconds time) {
    HealthMetrics metrics = test::named_metrics({0.1, 0.2});
    metrics.step = step_++;
    tracker_.add(metrics);
    exports_.add(metrics, {}, tracker_, start_ + time);
    for (std::string& message : exports_.take_messages()) messages.push_back(std::move(message));
  }
  bool end() {
    TrajectoryReport report;
    report.last_step = tracker_.last_step();
    add_judgement(report, tracker_, {});
    return exports_.write(report);
  }

  std::vector<std::string> messages;

 private:
  RunExports exports_;
  HealthTracker tracker_;
  std::int64_t step_ = 0;
  RunExports::Clock::time_point start_ = RunExports::Clock::now();
};

bool shows_step(const std::string& path, int step) {
  return contains(read_file(path), "gradvitals_step{run=\"run\"} " + std::to_string(step) + "\n");
}

TEST(RunExports, WriteTheStateOnceASecondAndAtTheEnd) {
  const TemporaryFolder folder;
  ExportFiles files;
  files.openmetrics = folder.file("a.prom");
  TimedRun run(files, true);
  run.step_at(milliseconds(0));
  EXPECT_TRUE(shows_step(*files.openmetrics, 0));
  run.step_at(milliseconds(999));
  EXPECT_TRUE(shows_step(*files.openmetrics, 0));
  run.step_at(milliseconds(1000));
  EXPECT_TRUE(shows_step(*files.openmetrics, 2));
  run.step_at(milliseconds(1500));
  EXPECT_TRUE(run.end());
  EXPECT_TRUE(shows_step(*files.openmetrics, 3));
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"a.prom"});
}

TEST(RunExports, OfARunThatIsOverWriteItsEndAlone) {
  const TemporaryFolder folder;
  ExportFiles files;
  files.openmetrics = folder.file("a.prom");
  TimedRun run(files, false);
  run.step_at(milliseconds(0));
  EXPECT_FALSE(std::filesystem::exists(*files.openmetrics));
  EXPECT_TRUE(run.end());
  EXPECT_TRUE(shows_step(*files.openmetrics, 0));
}

TEST(RunExports, TellAFailureOnceAndTryAgain) {
  const TemporaryFolder folder;
  ExportFiles files;
  files.openmetrics = folder.file("later/a.prom");
  TimedRun run(files, true);
  for (int second = 0; second < 3; ++second) run.step_at(std::chrono::seconds(second));
  ASSERT_EQ(run.messages.size(), 1U);
  EXPECT_TRUE(contains(run.messages.front(), "later/a.prom")) << run.messages.front();
  std::filesystem::create_directory(folder.file("later"));
  run.step_at(std::chrono::seconds(3));
  EXPECT_TRUE(shows_step(*files.openmetrics, 3));
  EXPECT_TRUE(run.end());
}

}  // namespace
}  // namespace gradvitals::app
