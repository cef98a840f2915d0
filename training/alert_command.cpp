#include "training/alert_command.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "training/child_process.h"

namespace gradvitals {
namespace {

using Clock = std::chrono::steady_clock;

/// How often the thread looks whether a command has ended, while one runs.
constexpr std::chrono::milliseconds kLook{10};
/// After SIGKILL a process goes as soon as the system lets it; one stuck in a device is left
/// behind.
constexpr std::chrono::seconds kPatienceAfterKill{2};

enum class Problem : std::uint8_t { kNotStarted, kFailed, kOverdue, kDropped };

/// All signals wait in this thread's name, so that handlers run in those of the program.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// One run, and when something is to be done about it.
struct RunningCommand {
  ChildProcess child;
  Clock::time_point deadline;
  int signals_sent = 0;
};

}  // namespace

struct AlertCommand::State {
  State(std::vector<std::string> command, const AlertCommandOptions& limits)
      : words(std::move(command)), options(limits) {
    const SignalsBlocked blocked;  // Inherited by the thread.
    thread = std::thread([this] { watch(); });
  }

  /// The thread: until it is told to end and nothing runs.
  void watch();
  void start_next(std::unique_lock<std::mutex>& lock);
  void look_at(RunningCommand& running);
  /// Whether it has ended; if so it is counted.
  bool has_ended(RunningCommand& running);
  /// Makes the text of the first problem of a kind. One that there is no memory for is not told.
  template <class MakeText>
  void tell(Problem problem, const MakeText& make_text) noexcept;
  void drop_waiting(std::string_view why);

  const std::vector<std::string> words;
  const AlertCommandOptions options;

  mutable std::mutex mutex;  ///< Guards what follows, but for `running`, the thread's own.
  std::condition_variable changed;
  std::deque<std::string> waiting;
  std::vector<std::string> problems;
  std::array<bool, 4> told{};
  AlertCommandCounts counts;
  /// Set once no more alerts come: when patience ends.
  std::optional<Clock::time_point> end;

  std::atomic<bool> has_problems = false;
  std::vector<RunningCommand> running;
  std::thread thread;
};

template <class MakeText>
void AlertCommand::State::tell(Problem problem, const MakeText& make_text) noexcept {
  bool& was_told = told[static_cast<std::size_t>(problem)];
  if (was_told) return;
  try {
    problems.push_back(make_text());
  } catch (const std::exception&) {
    return;  // It is counted, and the training goes on.
  }
  was_told = true;
  has_problems = true;
}

void AlertCommand::State::drop_waiting(std::string_view why) {
  if (waiting.empty()) return;
  counts.dropped += static_cast<std::int64_t>(waiting.size());
  waiting.clear();
  tell(Problem::kDropped, [&] { return fmt::format("alerts are dropped: {}", why); });
}

void AlertCommand::State::start_next(std::unique_lock<std::mutex>& lock) {
  const std::string document = std::move(waiting.front());
  waiting.pop_front();
  lock.unlock();  // send() need not wait until the program runs.
  try {
    running.reserve(running.size() + 1);  // What runs is never lost from sight.
    running.push_back(
        {.child = ChildProcess(words, document), .deadline = Clock::now() + options.time_limit});
    lock.lock();
  } catch (const std::exception& error) {
    lock.lock();
    ++counts.failed;
    tell(Problem::kNotStarted, [&] {
      return fmt::format("the alert command {} cannot be started: {}", printable(words.front()),
                         error.what());
    });
  }
}

bool AlertCommand::State::has_ended(RunningCommand& command) {
  const std::optional<ChildEnd> ended = command.child.poll_end();
  if (!ended) return false;
  if (command.signals_sent > 0) {
    ++counts.overdue;
    return true;
  }
  if (!ended->is_known) {
    ++counts.unknown;
    return true;
  }
  if (ended->exit_code == 0 && ended->signal == 0) {
    ++counts.succeeded;
    return true;
  }
  ++counts.failed;
  tell(Problem::kFailed, [&] {
    return fmt::format(
        "the alert command {} {}", printable(words.front()),
        ended->signal != 0
            ? fmt::format("was ended by signal {} ({})", ended->signal, ::strsignal(ended->signal))
            : fmt::format("failed with exit code {}", ended->exit_code));
  });
  return true;
}

void AlertCommand::State::look_at(RunningCommand& command) {
  const Clock::time_point now = Clock::now();
  if (now < command.deadline) return;
  if (command.signals_sent == 0) {
    tell(Problem::kOverdue, [&] {
      return fmt::format("the alert command {} did not end within {} s, and is ended",
                         printable(words.front()),
                         std::chrono::duration<double>(options.time_limit).count());
    });
  }
  command.child.signal_group(command.signals_sent == 0 ? SIGTERM : SIGKILL);
  command.deadline = now + options.grace;
  ++command.signals_sent;
}

void AlertCommand::State::watch() {
  std::unique_lock lock(mutex);
  for (;;) {
    std::erase_if(running, [this](RunningCommand& command) { return has_ended(command); });
    for (RunningCommand& command : running) look_at(command);
    const bool is_over = end && Clock::now() >= *end;
    if (is_over) drop_waiting("the training has ended, and the command takes too long");
    while (!waiting.empty() && running.size() < options.most_running) start_next(lock);
    if (running.empty() && waiting.empty()) {
      if (end) return;
      changed.wait(lock);
      continue;
    }
    if (is_over) {
      for (RunningCommand& command : running) {
        if (command.signals_sent == 0) command.deadline = std::min(command.deadline, *end);
      }
      if (Clock::now() >= *end + options.grace + kPatienceAfterKill) return;
    }
    changed.wait_for(lock, kLook);
  }
}

AlertCommand::AlertCommand(std::vector<std::string> words, const AlertCommandOptions& options) {
  if (words.empty()) throw std::invalid_argument("alert command: there are no words");
  if (options.time_limit.count() < 1 || options.most_running < 1 || options.most_waiting < 1) {
    throw std::invalid_argument("alert command: a limit is below 1");
  }
  state_ = std::make_unique<State>(std::move(words), options);
}

AlertCommand::~AlertCommand() {
  if (!state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->end = Clock::now();
  }
  state_->changed.notify_one();
  state_->thread.join();
}

void AlertCommand::send(std::string document) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->end) throw std::logic_error("alert command: an alert after the end");
    if (state_->waiting.size() >= state_->options.most_waiting) {
      ++state_->counts.dropped;
      state_->tell(Problem::kDropped, [&] {
        return fmt::format("alerts are dropped: the alert command {} has {} of them waiting",
                           printable(state_->words.front()), state_->waiting.size());
      });
      return;
    }
    state_->waiting.push_back(std::move(document));
  }
  state_->changed.notify_one();
}

std::vector<std::string> AlertCommand::take_problems() {
  if (!state_->has_problems.exchange(false)) return {};
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->problems, {});
}

void AlertCommand::finish() {
  if (!state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->end = Clock::now() + state_->options.time_limit;
  }
  state_->changed.notify_one();
  state_->thread.join();
}

AlertCommandCounts AlertCommand::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

}  // namespace gradvitals
