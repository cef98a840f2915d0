// AlertCommand: runs a command of the user's for each alert, beside the training.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gradvitals {

struct AlertCommandOptions {
  std::chrono::milliseconds time_limit{10'000};  ///< Of one run; then SIGTERM.
  std::chrono::milliseconds grace{2'000};        ///< From SIGTERM to SIGKILL.
  std::size_t most_running = 4;                  ///< At once.
  std::size_t most_waiting = 64;                 ///< Alerts beyond are dropped, and counted.
};

struct AlertCommandCounts {
  std::int64_t succeeded = 0;  ///< Ended by itself with exit code 0.
  std::int64_t failed = 0;     ///< Could not be started, another exit code, or ended by a signal.
  std::int64_t overdue = 0;    ///< Ended here, at the time limit.
  std::int64_t dropped = 0;    ///< Never started.
  /// Ended by itself where this program ignores SIGCHLD: the system does not tell how.
  std::int64_t unknown = 0;
};

/// Each alert runs the command once, with a document as its standard input and its output on
/// stderr, in a session of its own. A thread of its own starts, watches and ends them, so that
/// neither a slow command nor a large process costs the training anything:
///
///     AlertCommand command(split_command("notify --to 'me'"));
///     command.send(json);                                            // at an alert; microseconds
///     for (const std::string& problem : command.take_problems()) ... // each step
///     command.finish();                                              // at the end; waits
///
/// split_command() (command_words.h) makes words of a text. Destroyed without finish(), it drops
/// what waits and ends what runs.
class AlertCommand {
 public:
  /// Throws std::invalid_argument where there are no words, or a limit is below 1.
  explicit AlertCommand(std::vector<std::string> words, const AlertCommandOptions& options = {});
  ~AlertCommand();
  AlertCommand(const AlertCommand&) = delete;
  AlertCommand& operator=(const AlertCommand&) = delete;

  /// Never waits for a command. Throws std::logic_error after finish().
  void send(std::string document);

  /// One sentence for each kind of problem, once in a training: not startable, failed, overdue,
  /// dropped. Cheap where there is none.
  std::vector<std::string> take_problems();

  /// Waits until all alerts are through: at most the time limit, then what waits is dropped and
  /// what runs is ended.
  void finish();

  AlertCommandCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradvitals
