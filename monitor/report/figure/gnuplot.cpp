#include "monitor/report/figure/gnuplot.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): not in every <unistd.h>

namespace gradvitals {
namespace {

/// Bounds the error message.
constexpr std::size_t kMaxComplaintBytes = 2000;

/// A figure is some 100 kB. Bounds the memory of endless output before the time limit.
constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 20;

[[noreturn]] void throw_system_error(int code, const char* call) {
  throw GnuplotError(
      fmt::format("cannot run gnuplot: {}: {}", call, std::generic_category().message(code)));
}

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (is_open()) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// Two connected ends. A socket, not a pipe: writing to a child that has died can then be asked to
/// fail with EPIPE, where a pipe would raise SIGPIPE in the whole process.
struct Channel {
  FileDescriptor ours;
  FileDescriptor childs;

  Channel() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
      throw_system_error(errno, "socketpair");
    }
    ours = FileDescriptor(fds[0]);
    childs = FileDescriptor(fds[1]);
  }
};

class SpawnActions {
 public:
  SpawnActions() { check(::posix_spawn_file_actions_init(&actions_)); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  void duplicate(const FileDescriptor& from, int to) {
    check(::posix_spawn_file_actions_adddup2(&actions_, from.get(), to));
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int code) {
    if (code != 0) throw_system_error(code, "posix_spawn_file_actions");
  }
  posix_spawn_file_actions_t actions_{};
};

/// A process group of its own, so that what gnuplot starts can be ended with it.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    check(::posix_spawnattr_init(&attributes_));
    check(::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP));
    check(::posix_spawnattr_setpgroup(&attributes_, 0));
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  static void check(int code) {
    if (code != 0) throw_system_error(code, "posix_spawnattr");
  }
  posix_spawnattr_t attributes_{};
};

pid_t spawn_gnuplot(const Channel& in, const Channel& out, const Channel& err) {
  SpawnActions actions;
  actions.duplicate(in.childs, STDIN_FILENO);
  actions.duplicate(out.childs, STDOUT_FILENO);
  actions.duplicate(err.childs, STDERR_FILENO);
  std::string program = "gnuplot";
  std::string defaults = "-d";  // without the user's ~/.gnuplot
  std::string from_stdin = "-";
  std::array<char*, 4> argv = {program.data(), defaults.data(), from_stdin.data(), nullptr};
  const SpawnAttributes attributes;
  pid_t child = 0;
  const int code = ::posix_spawnp(&child, program.c_str(), actions.get(), attributes.get(),
                                  argv.data(), environ);
  if (code == ENOENT) {
    throw GnuplotNotFound(
        "gnuplot is not on PATH: install it (apt-get install gnuplot-nox), or write the figure as "
        "a gnuplot script, which works without it (--plot FILE.gp)");
  }
  if (code != 0) throw_system_error(code, "posix_spawnp");
  return child;
}

/// Appends what can be read; closes at the end of the stream.
void receive(FileDescriptor& from, std::string& text) {
  std::array<char, 65536> chunk;
  const ssize_t size = ::read(from.get(), chunk.data(), chunk.size());
  if (size > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxAnswerBytes) throw GnuplotError("gnuplot writes without end");
  } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
    from.close();
  }
}

/// Sends what fits; closes when all is sent or the reader has closed (the exit status tells why).
void send_some(FileDescriptor& to, std::string_view& text) {
  const ssize_t size = ::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size >= 0) {
    text.remove_prefix(static_cast<std::size_t>(size));
  } else if (errno != EINTR && errno != EAGAIN) {
    text = {};
  }
  if (text.empty()) to.close();
}

/// When gnuplot is given up on.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds limit)
      : limit_(limit), end_(std::chrono::steady_clock::now() + limit) {}

  /// What is left, for poll(). Throws GnuplotError where that is nothing.
  int left_ms() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      throw GnuplotError(fmt::format("gnuplot did not finish within {:g} s",
                                     std::chrono::duration<double>(limit_).count()));
    }
    return static_cast<int>(left.count());
  }

 private:
  std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point end_;
};

struct Answer {
  std::string drawn;
  std::string complaint;
};

/// All three streams at once: a child blocked on one of them could never finish the others.
Answer converse(FileDescriptor& in, FileDescriptor& out, FileDescriptor& err,
                std::string_view script, const Deadline& deadline) {
  Answer answer;
  while (out.is_open() || err.is_open()) {
    // poll() skips negative descriptors.
    std::array<pollfd, 3> streams = {
        {{in.get(), POLLOUT, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    if (::poll(streams.data(), streams.size(), deadline.left_ms()) < 0) {
      if (errno == EINTR) continue;
      throw_system_error(errno, "poll");
    }
    if (streams[0].revents != 0) send_some(in, script);
    if (streams[1].revents != 0) receive(out, answer.drawn);
    if (streams[2].revents != 0) receive(err, answer.complaint);
  }
  return answer;
}

/// Kills the process group with its owner, so that a failure leaves no process behind.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// Its exit status, once it has ended by itself. It has closed its streams by now and needs
  /// little more, so asking again and again costs nothing.
  int wait(const Deadline& deadline) {
    int status = 0;
    while (true) {
      const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
      if (ended < 0) throw_system_error(errno, "waitpid");
      if (ended == pid_) break;
      static_cast<void>(deadline.left_ms());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

/// gnuplot's complaint without the blank lines around it.
std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \n");
  if (first == std::string::npos) return "it gave no reason";
  return text.substr(first, std::min(text.find_last_not_of(" \n") - first + 1, kMaxComplaintBytes));
}

}  // namespace

std::string run_gnuplot(std::string_view script, std::chrono::milliseconds limit) {
  const Deadline deadline(limit);
  Channel in;
  Channel out;
  Channel err;
  Child child(spawn_gnuplot(in, out, err));
  // Only the child's copies may stay open, or the end of its output would never show.
  in.childs.close();
  out.childs.close();
  err.childs.close();
  Answer answer = converse(in.ours, out.ours, err.ours, script, deadline);
  const int status = child.wait(deadline);

  if (WIFSIGNALED(status)) {
    throw GnuplotError(fmt::format("gnuplot was ended by signal {}: {}", WTERMSIG(status),
                                   trimmed(answer.complaint)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw GnuplotError(
        fmt::format("gnuplot exited with {}: {}", WEXITSTATUS(status), trimmed(answer.complaint)));
  }
  if (answer.drawn.empty()) {
    throw GnuplotError("gnuplot drew nothing: " + trimmed(answer.complaint));
  }
  return std::move(answer.drawn);
}

}  // namespace gradvitals
