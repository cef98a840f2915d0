#include "training/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

namespace gradvitals {
namespace {

void throw_unless_zero(int error) {
  if (error != 0) throw std::system_error(error, std::generic_category());
}

/// A file without a name that holds the text, to be read from its start. Unlike a pipe it takes any
/// length at once, and nobody has to wait for its reader.
class InputText {
 public:
  explicit InputText(std::string_view text) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category());
    try {
      fill(text);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  InputText(const InputText&) = delete;
  InputText& operator=(const InputText&) = delete;
  ~InputText() { ::close(descriptor_); }

  int get() const { return descriptor_; }

 private:
  void fill(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category());
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) {
      throw std::system_error(errno, std::generic_category());
    }
  }

  int descriptor_;
};

/// Its files: the input, and stderr twice.
class FileActions {
 public:
  explicit FileActions(int input) {
    throw_unless_zero(::posix_spawn_file_actions_init(&actions_));
    try {
      throw_unless_zero(::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO));
      throw_unless_zero(
          ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO));
      // Not every library opens its files to be closed here.
      throw_unless_zero(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
    } catch (...) {
      ::posix_spawn_file_actions_destroy(&actions_);
      throw;
    }
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// A session of its own, and signals as a program expects them: none blocked, all as they are by
/// default.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    throw_unless_zero(::posix_spawnattr_init(&attributes_));
    sigset_t none;
    ::sigemptyset(&none);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, std::string_view input) {
  const InputText text(input);
  const FileActions files(text.get());
  const SpawnAttributes attributes;
  std::vector<std::string> copies = words;  // argv is of mutable characters.
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  // The child borrows this process's memory until it runs the program: the size of this process
  // does not matter, unlike with fork().
  throw_unless_zero(::posix_spawnp(&id_, arguments.front(), files.get(), attributes.get(),
                                   arguments.data(), environ));
}

std::optional<ChildEnd> ChildProcess::poll_end() {
  siginfo_t ended{};
  // WNOWAIT: while it is a zombie, the name of its group is not given to another.
  const int result = ::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED | WNOHANG | WNOWAIT);
  // ECHILD: where SIGCHLD is ignored, the system forgets how children ended.
  if (result != 0) {
    return errno == EINTR ? std::nullopt : std::optional(ChildEnd{.is_known = false});
  }
  if (ended.si_pid == 0) return std::nullopt;
  if (was_signalled_) ::kill(-id_, SIGKILL);
  while (::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED) != 0 && errno == EINTR) {
  }
  if (ended.si_code == CLD_EXITED) return ChildEnd{.exit_code = ended.si_status, .signal = 0};
  return ChildEnd{.exit_code = 0, .signal = ended.si_status};
}

void ChildProcess::signal_group(int signal) {
  was_signalled_ = true;
  ::kill(-id_, signal);
}

}  // namespace gradvitals
