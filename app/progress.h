// Progress: how a training goes, on stderr, while it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/terminal.h"
#include "app/time_left.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::app {

struct ProgressReport {
  std::int64_t step = 0;   ///< Updates made.
  std::int64_t steps = 0;  ///< In all; 0 where that is not known.
  std::int64_t epoch = 0;  ///< From 1; 0 where there are none.
  std::int64_t epochs = 0;
  std::optional<double> loss;
  std::optional<double> score{};  ///< Of the samples held out.
  std::string_view score_name{};  ///< "accuracy": a share, shown in percent. Others as they are.
  std::optional<double> gradient_norm;
  Verdict verdict = Verdict::kHealthy;
  Severity severity = Severity::kOk;
  std::string_view task{};  ///< What is under way, of several; empty for one.
};

struct ProgressStyle {
  int width = 80;  ///< Columns, none of which is exceeded.
  bool color = false;
  bool ascii = false;
};

/// One line for a terminal: a bar, and what fits beside it, the least important left out first.
std::string progress_line(const ProgressReport& report, const ProgressStyle& style,
                          std::optional<std::chrono::seconds> time_left = std::nullopt);

/// "step 412 of 1000, epoch 3 of 10: loss 0.0832, accuracy 97.1 %, gradient norm 1.3, healthy"
std::string progress_text(const ProgressReport& report);

/// On a terminal a line that changes in place, ten times a second at most; else a line of text every
/// five seconds and where it is asked for. Used by one thread.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  Progress(ColorMode color, bool ascii);
  /// Ends the line, if there is one.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Whether enough time has passed since the last update() that another one shows. Some 30 ns.
  bool is_due(Clock::time_point now = Clock::now()) const { return now >= next_; }
  /// Shows it, due or not.
  void update(const ProgressReport& report, Clock::time_point now = Clock::now());
  /// At the end of an epoch: as text where none ended within the last second, in place where it is due.
  void end_epoch(const ProgressReport& report, Clock::time_point now = Clock::now());
  /// Whole lines, which stay; what is in place moves below them. May hold escape sequences.
  void print(std::string_view lines);
  /// A line of one's own in place of a state, which the next one replaces: cut to the width of a
  /// terminal; else a line of text.
  void show(std::string_view line);
  /// The last state, where it has not been told; a terminal keeps the line.
  void finish(const ProgressReport& report, Clock::time_point now = Clock::now());

 private:
  bool in_place_;
  bool color_;
  bool ascii_;
  std::string line_;             ///< That is shown in place; empty for none.
  std::int64_t told_step_ = -1;  ///< Of the last line of text.
  Clock::time_point next_;
  Clock::time_point last_epoch_{};
  TimeLeft time_left_;
};

}  // namespace gradvitals::app
