#include "framework/io/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "framework/io/input_message.h"

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

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const FileDescriptor file(path);
  const std::size_t size = size_of_regular_file(file, path);
  if (size == 0) return;  // mmap refuses a length of 0.
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value(), 0);
  if (mapping == MAP_FAILED) refuse_errno(path, "cannot map");
  data_ = mapping;
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace gradvitals
