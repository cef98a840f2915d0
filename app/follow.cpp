#include "app/follow.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "app/interrupt.h"
#include "app/live_view.h"
#include "app/progress.h"
#include "app/run_outputs.h"
#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/history/history_follower.h"
#include "monitor/report/live/live_run.h"
#include "monitor/report/seen_run.h"
#include "monitor/report/training.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::app {
namespace {

using namespace std::chrono_literals;
using FollowClock = std::chrono::steady_clock;

constexpr auto kLookInterval = 500ms;
/// Of a terminal's size, while nothing comes.
constexpr auto kSizeInterval = 100ms;
/// For what is left when a signal or the gate ends it.
constexpr auto kLastReadTime = 1s;
/// Trainings write a step more often than that, or it is worth knowing.
constexpr auto kIdleTime = 10s;

/// All that is made of the records, and made anew where the run is judged anew.
struct JudgedHistory {
  JudgedHistory(const std::string& path, const ReportFiles& files, const HistoryJudging& judging,
                bool is_shown)
      : tracker(judging.thresholds),
        outputs(files,
                {.name = path, .options = export_options(judging.fail_on), .is_live = true}) {
    if (is_shown) outputs.keep_series();
  }

  LiveState state(const Thresholds& thresholds) const {
    return live.state(tracker, outputs.series(), thresholds);
  }

  std::vector<HealthEvent> add(const HistoryStep& step) {
    std::vector<HealthEvent> found = tracker.add(step.metrics, step.context);
    see_step(report, seen_step(step, found));
    live.add(step.metrics, step.context, tracker, found);
    outputs.add({step.metrics, step.context, found, tracker});
    return found;
  }

  HealthTracker tracker;
  TrajectoryReport report;
  LiveRun live;
  RunOutputs outputs;
  std::map<std::string, std::int64_t> recorded;  ///< Events in the file, by their kinds.
};

class Following {
 public:
  Following(const std::string& path, const ReportFiles& files, const HistoryJudging& judging)
      : path_(path),
        files_(files),
        judging_(judging),
        style_(text_style(judging.color, judging.ascii, STDERR_FILENO)),
        follower_(path),
        progress_(judging.color, judging.ascii) {
    if (TerminalScreen::is_available()) view_.emplace(judging.color, judging.ascii);
    judged_.emplace(path, files, judging, view_.has_value());
  }

  ExitCode run();

 private:
  bool has_tripped() const;
  bool read(FollowClock::duration time);
  void take(FollowedRecord record);
  void begin_anew(const HistoryRestart& restart);
  void catch_up();
  void tell(const HealthEvent& event);
  void print(const std::string& alert);
  void say(const std::string& text);
  void show();
  void wait() const;
  std::string activity() const;
  LiveState live_state() const;
  ProgressReport progress_report() const;

  const std::string& path_;
  const ReportFiles& files_;
  const HistoryJudging& judging_;
  TextStyle style_;
  Interrupt interrupt_;
  HistoryFollower follower_;
  std::optional<JudgedHistory> judged_;  ///< Never empty.
  Progress progress_;
  std::optional<LiveView> view_;  ///< On a terminal; else progress_ has lines.
  bool has_caught_up_ = false;    ///< With what was there before it was followed.
  bool has_news_ = false;         ///< Since the last line.
  bool has_said_waiting_ = false;
  bool has_begun_ = false;  ///< The run, which may since be judged anew.
  FollowClock::time_point last_news_ = FollowClock::now();
};

bool Following::has_tripped() const {
  return has_caught_up_ && judging_.fail_on != Severity::kOk &&
         judged_->tracker.worst_severity() >= judging_.fail_on;
}

void Following::say(const std::string& text) {
  const std::string line = "gradvitals: " + printable(text);
  if (!view_) return progress_.print(line);
  view_->print(line);
  judged_->live.add_message(text);
}

void Following::tell(const HealthEvent& event) {
  const Finding& finding = event.episode.finding;
  if (finding.severity >= Severity::kWarning && !finding.consequence_of) print(alert_text(event));
}

void Following::print(const std::string& alert) {
  const std::string line = decorate(alert, style_);
  if (view_) {
    view_->print(line);
  } else {
    progress_.print(line);
  }
}

void Following::begin_anew(const HistoryRestart& restart) {
  judged_.emplace(path_, files_, judging_, view_.has_value());
  has_caught_up_ = false;
  switch (restart.reason) {
    case HistoryRestart::Reason::kResumed:
      return say(fmt::format("the run was resumed at step {}, and is judged anew", restart.step));
    case HistoryRestart::Reason::kReplaced:
      return say(fmt::format("{} was replaced, and is read from its start", path_));
    case HistoryRestart::Reason::kCutShort:
      return say(fmt::format("{} has lost lines, and is read from its start", path_));
  }
}

void Following::take(FollowedRecord record) {
  if (const auto* restart = std::get_if<HistoryRestart>(&record)) return begin_anew(*restart);
  if (const auto* event = std::get_if<HistoryEvent>(&record)) {
    ++judged_->recorded[event->kind];
    return;
  }
  const auto& step = std::get<HistoryStep>(record);
  if (judged_->tracker.steps() == 0) {
    judged_->outputs.begin(board_options(follower_.notes()), step.metrics.step.value_or(0),
                           std::exchange(has_begun_, true));
  }
  const std::vector<HealthEvent> events = judged_->add(step);
  has_news_ = true;
  last_news_ = FollowClock::now();
  for (const std::string& message : judged_->outputs.take_messages()) say(message);
  if (!has_caught_up_) return;
  for (const HealthEvent& event : events) tell(event);
}

/// Whether there may be more already: it comes back after that time.
bool Following::read(FollowClock::duration time) {
  const FollowClock::time_point end = FollowClock::now() + time;
  while (FollowClock::now() < end) {
    auto record = follower_.next();
    if (!record) {
      catch_up();
      return false;
    }
    take(std::move(*record));
    // A run that writes as fast as it is read has no end to wait for.
    if (follower_.bytes_read() >= follower_.bytes()) catch_up();
  }
  return true;
}

/// All that was there has been read: what came of it is told once.
void Following::catch_up() {
  if (has_caught_up_ || judged_->tracker.steps() == 0) return;
  has_caught_up_ = true;
  const LiveState state = judged_->state(judging_.thresholds);
  for (const Episode* cause : root_causes(state)) {
    if (cause->finding.severity < Severity::kWarning) continue;
    print(alert_text(
        {.kind = HealthEventKind::kBegan, .step = cause->first_step, .episode = *cause}));
  }
}

std::string Following::activity() const {
  if (follower_.file() == HistoryFollower::File::kAwaited) {
    return fmt::format("waiting: there is no {} yet", path_);
  }
  if (!has_caught_up_ && follower_.bytes_read() < follower_.bytes()) {
    return fmt::format("reading, {} % so far", 100 * follower_.bytes_read() / follower_.bytes());
  }
  if (follower_.file() == HistoryFollower::File::kRemoved) return "the file was removed";
  if (judged_->tracker.steps() == 0) return "waiting for the first step";
  const auto idle = std::chrono::floor<std::chrono::seconds>(FollowClock::now() - last_news_);
  return idle < kIdleTime ? "following" : fmt::format("no new step for {} s", idle.count());
}

LiveState Following::live_state() const {
  LiveState state = judged_->state(judging_.thresholds);
  const std::string run = follower_.notes().run;
  state.name = run.empty() ? path_ : run;
  state.activity = activity();
  state.way_out = "Ctrl-C ends the view, with the report";
  return state;
}

ProgressReport Following::progress_report() const {
  return {.step = judged_->tracker.last_step().value_or(0),
          .loss = judged_->report.last_loss,
          .gradient_norm = judged_->report.last_norm,
          .verdict = judged_->tracker.verdict(),
          .severity = judged_->tracker.severity()};
}

void Following::show() {
  if (view_) {
    if (view_->is_due() || view_->has_other_size()) view_->draw(live_state());
    return;
  }
  if (judged_->tracker.steps() == 0) {
    if (!std::exchange(has_said_waiting_, true)) say(activity());
  } else if (progress_.is_due() && std::exchange(has_news_, false)) {
    if (has_caught_up_) {
      progress_.update(progress_report());
    } else {
      progress_.show(activity());
    }
  }
}

void Following::wait() const {
  const FollowClock::time_point end = FollowClock::now() + kLookInterval;
  while (FollowClock::now() < end && interrupt_.signal() == 0) {
    // Unlike sleep_for() it ends where a signal comes.
    ::poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds(kSizeInterval).count()));
    if (view_ && view_->has_other_size()) return;
  }
}

ExitCode Following::run() {
  while (!has_tripped() && interrupt_.signal() == 0) {
    const bool has_more = read(kSizeInterval);
    show();
    if (!has_more && !has_tripped()) wait();
  }
  // The report is of all that is there: a run may just have ended.
  const bool has_unread = read(kLastReadTime);
  if (!view_ && judged_->tracker.steps() > 0) progress_.finish(progress_report());
  view_.reset();
  TrajectoryReport& report = judged_->report;
  report.name = path_;
  add_judgement(report, judged_->tracker, judging_.thresholds);
  const HistoryNotes notes = follower_.notes();
  report.notes = reading_notes(notes, judged_->recorded);
  judged_->outputs.describe({notes.settings.begin(), notes.settings.end()});
  judged_->outputs.end();
  if (std::string missing = judged_->outputs.missing_text(); !missing.empty()) {
    report.notes.push_back(std::move(missing));
  }
  if (has_unread) {
    report.notes.push_back(fmt::format("ended before all was read: {} of {} bytes are judged",
                                       follower_.bytes_read(), follower_.bytes()));
  }
  return deliver_judged_history(report, judged_->outputs, judging_);
}

}  // namespace

ExitCode follow_history(const std::string& path, const ReportFiles& files,
                        const HistoryJudging& judging) {
  return Following(path, files, judging).run();
}

}  // namespace gradvitals::app
