#include "framework/io/open_file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gradvitals {

OpenFile::OpenFile(int descriptor) : descriptor_(descriptor) {
  if (descriptor_ < 0) throw_errno();
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OpenFile::write(std::string_view content) const {
  write_all(descriptor_, content);
}

void OpenFile::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) throw_errno();
}

void write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_errno();
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void throw_errno() {
  throw std::system_error(errno, std::generic_category());
}

}  // namespace gradvitals
