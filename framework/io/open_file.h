// OpenFile: a file descriptor with an owner.
#pragma once

#include <string_view>

namespace gradvitals {

/// A descriptor that is closed at the latest with its owner.
class OpenFile {
 public:
  /// Takes what open() returned. Throws std::system_error where that failed.
  explicit OpenFile(int descriptor);
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();

  int get() const { return descriptor_; }
  /// Writes all of it. Throws std::system_error.
  void write(std::string_view content) const;
  /// Some file systems report a full disk only here. Throws std::system_error.
  void close();

 private:
  int descriptor_;
};

/// Writes all of it. Throws std::system_error.
void write_all(int descriptor, std::string_view content);

/// Throws std::system_error with `errno`.
[[noreturn]] void throw_errno();

}  // namespace gradvitals
