#include "framework/io/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

[[noreturn]] void refuse_errno(const std::string& path, const char* action) {
  refuse_input(path, fmt::format("{}: {}", action, std::generic_category().message(errno)));
}

class FileDescriptor {
 public:
  // O_NONBLOCK: opening a pipe must report that it is one, not wait for its writer.
  explicit FileDescriptor(const std::string& path)
      : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (value_ < 0) refuse_errno(path, "cannot open");
  }
  ~FileDescriptor() { ::close(value_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int value() const { return value_; }

 private:
  int value_;
};

std::size_t size_of_regular_file(const FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) refuse_errno(path, "cannot examine");
  if (S_ISDIR(status.st_mode)) refuse_input(path, "is a directory");
  if (!S_ISREG(status.st_mode)) refuse_input(path, "is not a regular file, so it cannot be mapped");
  return static_cast<std::size_t>(status.st_size);
}

/// What is mapped, for the handler of SIGBUS, which may neither allocate nor lock.
struct Noted {
  std::atomic<std::uintptr_t> begin = 0;  ///< 0: the place is free.
  std::atomic<std::uintptr_t> end = 0;
  std::array<char, 256> path{};  ///< Cut where it is longer; ends with a NUL.
};

/// More files than this at a time have no name in the message.
constinit std::array<Noted, 64> noted_files{};
constinit std::atomic<int> exit_code_of_shrunk_files = 2;

constexpr std::uintptr_t kBeingWritten = 1;  // No address of a mapping, which begins at a page.

void note_mapping(const void* data, std::size_t size, const std::string& path) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  for (Noted& noted : noted_files) {
    std::uintptr_t free = 0;
    if (!noted.begin.compare_exchange_strong(free, kBeingWritten)) continue;
    noted.path.fill('\0');
    std::copy_n(path.begin(), std::min(path.size(), noted.path.size() - 1), noted.path.begin());
    noted.end = begin + size;
    noted.begin = begin;
    return;
  }
}

void forget_mapping(const void* data) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  for (Noted& noted : noted_files) {
    if (noted.begin == begin) {
      noted.begin = 0;
      return;
    }
  }
}

void write_to_stderr(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

extern "C" void on_bus_error(int signal, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Noted& noted : noted_files) {
    const std::uintptr_t begin = noted.begin;
    if (begin <= kBeingWritten || address < begin || address >= noted.end) continue;
    write_to_stderr("gradvitals: ");
    write_to_stderr(noted.path.data());
    write_to_stderr(": was cut short while it was read\n");
    ::_exit(exit_code_of_shrunk_files);
  }
  // Not ours: the default action follows when the instruction runs again.
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  ::sigaction(signal, &default_action, nullptr);
}

}  // namespace

void exit_where_a_mapped_file_shrinks(int exit_code) {
  exit_code_of_shrunk_files = exit_code;
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

MappedFile::MappedFile(const std::string& path) {
  const FileDescriptor file(path);
  const std::size_t size = size_of_regular_file(file, path);
  if (size == 0) return;  // mmap refuses a length of 0.
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value(), 0);
  if (mapping == MAP_FAILED) refuse_errno(path, "cannot map");
  data_ = mapping;
  size_ = size;
  note_mapping(data_, size_, path);
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  forget_mapping(data_);
  ::munmap(data_, size_);
}

void MappedFile::let_go(std::span<const std::byte> part) {
  if (part.empty()) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const std::uintptr_t first_page = begin / page * page;
  // Where it is refused, the pages stay: that takes memory, and nothing else.
  ::madvise(reinterpret_cast<void*>(first_page), begin + part.size() - first_page, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace gradvitals
