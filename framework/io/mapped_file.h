// MappedFile: a file's bytes without a copy.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace gradvitals {

/// Maps a regular file for reading: pages are the system's file cache, shared and reclaimable, so a
/// file larger than memory can be walked. Move-only. A file that is cut short
/// while it is mapped ends the process with SIGBUS on the next read beyond its new end:
/// exit_where_a_mapped_file_shrinks() makes a message of that.
class MappedFile {
 public:
  /// Throws InputError naming the file where it is missing, a directory, anything else that is no
  /// regular file, unreadable, or too large for the address space. An empty file maps to no bytes.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

  /// Takes a part of bytes() from this process's memory, to the page: for what is walked once. They
  /// stay valid; reading them again takes them from the file again.
  static void let_go(std::span<const std::byte> part);

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// From now on a read beyond the end of a mapped file that was cut short writes one line with the
/// file's name to stderr and ends the process with `exit_code`. Other faults end it as before. For
/// programs, not for libraries: it takes the process's handler of SIGBUS.
void exit_where_a_mapped_file_shrinks(int exit_code);

}  // namespace gradvitals
