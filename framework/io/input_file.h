// InputFile: the bytes of whatever was named, a file, a pipe or standard input, plain or gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "framework/io/file_kind.h"
#include "framework/io/mapped_file.h"

namespace gradvitals {

/// What a dump may take in memory where it cannot be mapped: compressed, or from a pipe. A few
/// megabytes of gzip can claim more than any machine has.
inline constexpr std::int64_t kMaxDumpBytes = std::int64_t{2} << 30;

/// A plain file is mapped; everything else is read into memory. gzip is told by content. Move-only.
class InputFile {
 public:
  /// "-" is standard input. Throws InputError naming the file where it is missing, a directory,
  /// unreadable, damaged in its compressed data, or takes more than kMaxDumpBytes in memory.
  explicit InputFile(const std::string& path);

  /// For messages: "standard input" for "-".
  const std::string& path() const { return path_; }
  bool is_standard_input() const { return is_standard_input_; }
  std::span<const std::byte> bytes() const;
  /// Says that a part of bytes() was read: what is mapped leaves this process's memory until it is read
  /// again. It stays valid.
  void let_go(std::span<const std::byte> part) const;
  FileKind kind() const { return kind_; }

 private:
  std::string path_;
  bool is_standard_input_;
  std::unique_ptr<const MappedFile> mapping_;
  std::unique_ptr<const std::string> content_;  ///< On the heap: a short string's bytes would move.
  FileKind kind_ = FileKind::kEmpty;
};

}  // namespace gradvitals
