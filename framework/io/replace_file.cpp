#include "framework/io/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
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

/// Removes the file of that name at the end of its scope or at an interruption, unless it was
/// renamed.
class TemporaryName {
 public:
  explicit TemporaryName(fs::path path) : path_(std::move(path)) {
    struct sigaction action {};
    action.sa_handler = remove_name_and_end;
    ::sigemptyset(&action.sa_mask);
    name_to_remove = path_.c_str();
    for (std::size_t i = 0; i < kInterruptions.size(); ++i) {
      ::sigaction(kInterruptions[i], nullptr, &before_[i]);
      // Leave signals alone that are ignored (nohup) or already have a handler.
      if (before_[i].sa_handler == SIG_DFL) ::sigaction(kInterruptions[i], &action, nullptr);
    }
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (exists_) ::unlink(path_.c_str());
    name_to_remove = nullptr;
    for (std::size_t i = 0; i < kInterruptions.size(); ++i) {
      ::sigaction(kInterruptions[i], &before_[i], nullptr);
    }
  }

  const char* c_str() const { return path_.c_str(); }
  void set_exists() { exists_ = true; }
  void rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) throw_errno();
    exists_ = false;
  }

 private:
  fs::path path_;
  bool exists_ = false;
  std::array<struct sigaction, kInterruptions.size()> before_{};
};

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

/// A short name, that also fits beside the longest one that the file system takes.
fs::path draw_name(const fs::path& folder) {
  std::random_device random;
  return folder / fmt::format(".gradvitals-{:08x}{:08x}", random(), random());
}

constexpr int kMaxTries = 100;  // A name that is taken is a rare accident.

/// Permissions of a draft. Owner only until the content is whole, where a file is replaced.
mode_t draft_mode(std::optional<mode_t> mode) {
  return mode ? 0600 : 0666;
}

void write_draft(const OpenFile& file, std::optional<mode_t> mode, std::string_view content) {
  file.write(content);
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
                         std::string_view content) {
  const fs::path folder = folder_of(target);
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, draft_mode(mode));
  if (descriptor < 0) return false;
  const OpenFile file(descriptor);
  write_draft(file, mode, content);
  if (link_nameless(file, target.c_str())) return true;
  // No call links over a file that is there.
  for (int i = 0; i < kMaxTries && errno == EEXIST; ++i) {
    TemporaryName name(draw_name(folder));
    if (!link_nameless(file, name.c_str())) continue;
    name.set_exists();
    name.rename_to(target);
    return true;
  }
  return false;
}

void replace_by_named(const fs::path& target, std::optional<mode_t> mode,
                      std::string_view content) {
  for (int i = 0; i < kMaxTries; ++i) {
    TemporaryName name(draw_name(folder_of(target)));
    const int descriptor =
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, draft_mode(mode));
    if (descriptor < 0 && errno == EEXIST) continue;
    OpenFile file(descriptor);
    name.set_exists();
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
  if (draft == Draft::kNamed || !replace_by_nameless(target, mode, content)) {
    replace_by_named(target, mode, content);
  }
  sync_folder(target);
}

}  // namespace gradvitals
