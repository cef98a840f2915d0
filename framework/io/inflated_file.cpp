#include "framework/io/inflated_file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose_r(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, CloseGzip>;

GzipFile open_gzip(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) refuse_input(path, "is a directory");
  GzipFile file(gzopen(path.c_str(), "rb"));
  if (!file) {
    refuse_input(path, fmt::format("cannot open: {}", std::generic_category().message(errno)));
  }
  return file;
}

/// Refuses a read that failed. Data that is cut short does not make gzread fail: it is handed out,
/// and only the state of `file` tells.
void check_read(int read, const GzipFile& file, const std::string& path) {
  int code = Z_OK;
  const char* message = gzerror(file.get(), &code);
  if (read >= 0 && (code == Z_OK || code == Z_STREAM_END)) return;
  if (code == Z_BUF_ERROR) refuse_input(path, "the compressed data is cut short");
  if (code == Z_ERRNO) {
    refuse_input(path, fmt::format("cannot read: {}", std::generic_category().message(errno)));
  }
  std::string_view reason = message;  // "<path>: <reason>"
  if (reason.starts_with(path)) reason.remove_prefix(std::min(reason.size(), path.size() + 2));
  refuse_input(path, fmt::format("the compressed data is damaged: {}", reason));
}

std::string read_all(const GzipFile& file, const std::string& path, std::int64_t max_bytes) {
  std::string content;
  while (true) {
    const std::size_t size = content.size();
    content.resize(size + kChunkBytes);
    const int read = gzread(file.get(), content.data() + size, kChunkBytes);
    check_read(read, file, path);
    content.resize(size + static_cast<std::size_t>(read));
    if (read == 0) return content;
    if (std::ssize(content) > max_bytes) {
      refuse_input(path, fmt::format("holds more than {} bytes", max_bytes));
    }
  }
}

}  // namespace

std::string read_inflated(const std::string& path, std::int64_t max_bytes) {
  return read_all(open_gzip(path), path, max_bytes);
}

std::string read_inflated_standard_input(std::int64_t max_bytes) {
  const std::string path = "standard input";
  const int descriptor = ::dup(STDIN_FILENO);  // gzclose closes its own.
  GzipFile file(descriptor < 0 ? nullptr : gzdopen(descriptor, "rb"));
  if (!file) {
    refuse_input(path, fmt::format("cannot open: {}", std::generic_category().message(errno)));
  }
  return read_all(file, path, max_bytes);
}

}  // namespace gradvitals
