// AppendFile: a file to whose end lines are written, each whole or not at all as far as it can. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gradvitals {

/// Move-only. Errors of a write are told, never thrown; a closed pipe raises no signal.
class AppendFile {
 public:
  /// Opens or makes it; a regular file is its alone while it lives. Never waits: throws
  /// std::runtime_error naming the path and the reason, as for a pipe that nobody reads.
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;

  /// Bytes of a regular file; 0 of what has none.
  std::uintmax_t size() const;
  /// Its last line has no end: what follows needs a line break first.
  bool is_cut() const { return is_cut_; }

  /// Writes all of the text, which ends with a line break. 0, or the error number: a regular file
  /// is then as it was before, but for the end of a line that was cut.
  int write_lines(std::string_view text);

  /// Takes everything out of a regular file. Throws std::runtime_error naming `path` where it cannot.
  void clear(const std::string& path);

 private:
  int descriptor_ = -1;
  bool is_regular_ = false;
  bool is_cut_ = false;
};

/// The first line of a file, without its break, and of at most `most` bytes; empty where there is none.
/// Throws std::runtime_error naming the path and the reason.
std::string first_line_of(const std::string& path, std::size_t most);

}  // namespace gradvitals
