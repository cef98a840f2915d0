#include "framework/io/input_file.h"

#include <filesystem>

#include "framework/io/inflated_file.h"

namespace gradvitals {
namespace {

bool is_regular(const std::string& path) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path, ignored).type();
  using enum std::filesystem::file_type;
  // Missing files and directories are refused when they are opened.
  return type != fifo && type != character && type != socket;
}

}  // namespace

InputFile::InputFile(const std::string& path)
    : path_(path == "-" ? "standard input" : path), is_standard_input_(path == "-") {
  if (is_standard_input_) {
    content_ = std::make_unique<const std::string>(read_inflated_standard_input(kMaxDumpBytes));
  } else if (is_regular(path)) {
    mapping_ = std::make_unique<const MappedFile>(path);
  }
  const bool is_compressed = mapping_ && kind_of(bytes()) == FileKind::kGzip;
  if (is_compressed) mapping_.reset();
  if (!mapping_ && !content_) {
    content_ = std::make_unique<const std::string>(read_inflated(path, kMaxDumpBytes));
  }
  kind_ = kind_of(bytes());
  let_go(bytes());
}

std::span<const std::byte> InputFile::bytes() const {
  if (mapping_) return mapping_->bytes();
  return content_ ? std::as_bytes(std::span(*content_)) : std::span<const std::byte>();
}

void InputFile::let_go(std::span<const std::byte> part) const {
  if (mapping_) MappedFile::let_go(part);
}

}  // namespace gradvitals
