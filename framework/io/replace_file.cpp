#include "framework/io/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>

#include "framework/io/open_file.h"

namespace gradvitals {
namespace {

namespace fs = std::filesystem;

constexpr std::array kInterruptions = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};

/// The name to remove when the process is interrupted; null for none.
std::atomic<const char*> name_to_remove = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free, "a signal handler reads it");

/// Removes the file and re-raises the signal with its default action, which ends the process.
extern "C" void remove_name_and_end(int signal) {
  if (const char* const name = name_to_remove.exchange(nullptr)) ::unlink(name);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// Has this thread take signals that interrupt only at the end of the scope.
class HeldInterruptions {
 public:
  HeldInterruptions() {
    sigset_t held;
    ::sigemptyset(&held);
    for (const int signal : kInterruptions) ::sigaddset(&held, signal);
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  HeldInterruptions(const HeldInterruptions&) = delete;
  HeldInterruptions& operator=(const HeldInterruptions&) = delete;
  ~HeldInterruptions() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// Removes the file of that name at the end of its scope or at an interruption, where it was made
/// here and not renamed since: the name may be that of another writer.
class TemporaryName {
 public:
  explicit TemporaryName(fs::path path) : path_(std::move(path)) {
    struct sigaction action {};
    action.sa_handler = remove_name_and_end;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kInterruptions.size(); ++i) {
      ::sigaction(kInterruptions[i], nullptr, &before_[i]);
      // Leave signals alone that are ignored (nohup) or already have a handler.
      if (before_[i].sa_handler == SIG_DFL) ::sigaction(kInterruptions[i], &action, nullptr);
    }
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    {
      const HeldInterruptions held;
      if (exists_) ::unlink(path_.c_str());
      name_to_remove = nullptr;
    }
    for (std::size_t i = 0; i < kInterruptions.size(); ++i) {
      ::sigaction(kInterruptions[i], &before_[i], nullptr);
    }
  }

  const char* c_str() const { return path_.c_str(); }
  /// `make` gives whether it made the file.
  template <class Make>
  bool made_by(const Make& make) {
    const HeldInterruptions held;
    exists_ = make(path_.c_str());
    if (exists_) name_to_remove = path_.c_str();
    return exists_;
  }
  /// It is there no more: another writer took it for one that nobody writes.
  void give_up() {
    const HeldInterruptions held;
    exists_ = false;
    name_to_remove = nullptr;
  }
  void rename_to(const fs::path& target) {
    const HeldInterruptions held;
    if (::rename(path_.c_str(), target.c_str()) != 0) throw_errno();
    exists_ = false;
    name_to_remove = nullptr;
  }

 private:
  fs::path path_;
  bool exists_ = false;
  std::array<struct sigaction, kInterruptions.size()> before_{};
};

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

constexpr int kMaxTries = 100;  // A name that is taken is a rare accident.
/// Names that a draft of one target may have, tried in this order: others are of writers at the
/// same time.
constexpr int kKnownNames = 8;

/// A short name, that also fits beside the longest one that the file system takes. The first ones
/// follow from the target, so that its next writer finds what a killed one left.
fs::path draft_name(const fs::path& target, int number) {
  const fs::path folder = folder_of(target);
  if (number >= kKnownNames) {
    std::random_device random;
    return folder / fmt::format(".gradvitals-{:08x}{:08x}", random(), random());
  }
  std::uint64_t hash = 0xcbf29ce484222325U + static_cast<std::uint64_t>(number);  // FNV-1a
  const fs::path name = target.filename();
  for (const char letter : name.native()) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return folder / fmt::format(".gradvitals-{:016x}", hash);
}

/// Every writer holds a lock of its draft for as long as it lives. False where another has it, or
/// where the file system has no locks.
bool lock_draft(int descriptor) {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
}

bool is_regular_file_of(int descriptor, const char* name) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::lstat(name, &named) == 0 &&
         S_ISREG(opened.st_mode) && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/// Removes the draft of a writer that no longer lives. Whoever has the lock of the file that has
/// the name is the only one to take the name away.
void remove_dead_draft(const char* name) {
  const int descriptor = ::open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return;
  const OpenFile file(descriptor);
  if (lock_draft(descriptor) && is_regular_file_of(descriptor, name)) ::unlink(name);
}

/// Permissions of a draft. Owner only until the content is whole, where a file is replaced.
mode_t draft_mode(std::optional<mode_t> mode) {
  return mode ? 0600 : 0666;
}

void write_draft(const OpenFile& file, std::optional<mode_t> mode, const FileContent& content) {
  content(file);
  if (mode && ::fchmod(file.get(), *mode) != 0) throw_errno();
  // Without this a crash after the rename may leave an empty file. Some file systems have no such
  // call (EINVAL): there is nothing more to do there.
  if (::fsync(file.get()) != 0 && errno != EINVAL) throw_errno();
}

/// Links the nameless file to that name. False on failure, with errno.
bool link_nameless(const OpenFile& file, const char* name) {
  const std::string path = fmt::format("/proc/self/fd/{}", file.get());
  return ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/// False if the file system, or a missing /proc, does not support it.
bool replace_by_nameless(const fs::path& target, std::optional<mode_t> mode,
                         const FileContent& content) {
  const fs::path folder = folder_of(target);
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, draft_mode(mode));
  if (descriptor < 0) return false;
  const OpenFile file(descriptor);
  static_cast<void>(lock_draft(descriptor));
  remove_dead_draft(draft_name(target, 0).c_str());
  write_draft(file, mode, content);
  if (link_nameless(file, target.c_str())) return true;
  // No call links over a file that is there.
  for (int i = 0; i < kMaxTries && errno == EEXIST; ++i) {
    TemporaryName name(draft_name(target, i));
    remove_dead_draft(name.c_str());
    const auto link = [&file](const char* path) { return link_nameless(file, path); };
    if (!name.made_by(link)) continue;
    name.rename_to(target);
    return true;
  }
  return false;
}

void replace_by_named(const fs::path& target, std::optional<mode_t> mode,
                      const FileContent& content) {
  for (int i = 0; i < kMaxTries; ++i) {
    TemporaryName name(draft_name(target, i));
    remove_dead_draft(name.c_str());
    int descriptor = -1;
    const bool is_made = name.made_by([&](const char* path) {
      descriptor = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, draft_mode(mode));
      return descriptor >= 0;
    });
    if (!is_made && errno == EEXIST) continue;
    OpenFile file(descriptor);
    // The lock ends with the last descriptor: behind the rename.
    const OpenFile locked(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    // Another writer that looks for dead drafts may hold the lock, and take the name away.
    const bool is_taken = !lock_draft(descriptor) && errno == EWOULDBLOCK;
    if (is_taken || !is_regular_file_of(descriptor, name.c_str())) {
      name.give_up();
      continue;
    }
    write_draft(file, mode, content);
    file.close();
    name.rename_to(target);
    return;
  }
  throw_errno();
}

/// The new entry of the folder, on disk. The file is in its place already, so what fails here (a
/// folder that may be written and not read, say) takes nothing back.
void sync_folder(const fs::path& target) {
  const int descriptor = ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const OpenFile folder(descriptor);
  static_cast<void>(::fsync(folder.get()));
}

}  // namespace

void replace_file(const fs::path& target, std::optional<mode_t> mode, std::string_view content,
                  Draft draft) {
  replace_file(
      target, mode, [content](const OpenFile& file) { file.write(content); }, draft);
}

void replace_file(const fs::path& target, std::optional<mode_t> mode, const FileContent& content,
                  Draft draft) {
  if (draft == Draft::kNamed || !replace_by_nameless(target, mode, content)) {
    replace_by_named(target, mode, content);
  }
  sync_folder(target);
}

}  // namespace gradvitals
