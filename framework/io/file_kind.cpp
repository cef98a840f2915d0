#include "framework/io/file_kind.h"

#include <algorithm>

#include "framework/io/shard_index.h"

namespace gradvitals {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBlanks = " \t\r\n";
/// Text is recognised by these first bytes alone.
constexpr std::size_t kProbedBytes = 4096;
/// UTF-8 has no byte from here on. Text in Latin-1 has hardly any.
constexpr unsigned char kBeyondUtf8 = 0xF5;

/// safetensors' length of a header below 100 MB leaves four zeros before the brace.
bool is_safetensors(std::string_view file) {
  constexpr std::size_t kBrace = 8;
  return file.size() > kBrace && file[kBrace] == '{' && file.substr(4, 4) == "\0\0\0\0"sv;
}

bool is_text(std::string_view file) {
  return std::ranges::none_of(file.substr(0, kProbedBytes), [](char letter) {
    const auto code = static_cast<unsigned char>(letter);
    const bool is_control =
        code < ' ' && kBlanks.find(letter) == std::string_view::npos && letter != '\f';
    return is_control || code >= kBeyondUtf8;
  });
}

/// Whether `json` has the key before an object, at whatever depth.
bool has_object(std::string_view json, std::string_view key) {
  for (std::size_t at = json.find(key); at != std::string_view::npos; at = json.find(key, at + 1)) {
    std::string_view rest = json.substr(at + key.size());
    for (const char expected : {':', '{'}) {
      rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
      if (!rest.starts_with(expected)) break;
      rest.remove_prefix(1);
      if (expected == '{') return true;
    }
  }
  return false;
}

FileKind kind_of_text(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  if (!text.starts_with('{') && !text.starts_with('[')) return FileKind::kText;
  if (!text.starts_with('{')) return FileKind::kJson;
  // A history can be larger than memory: what no index can take is not searched.
  const std::string_view searched = text.substr(0, kMaxIndexBytes);
  return has_object(searched, "\"weight_map\"") ? FileKind::kShardIndex : FileKind::kJson;
}

}  // namespace

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

FileKind kind_of(std::span<const std::byte> bytes) {
  const std::string_view file = as_text(bytes);
  if (file.empty()) return FileKind::kEmpty;
  if (is_safetensors(file)) return FileKind::kSafetensors;
  if (file.starts_with("\x93NUMPY")) return FileKind::kNpy;
  if (file.starts_with("PK\x03\x04") || file.starts_with("PK\x05\x06")) return FileKind::kZip;
  if (file.starts_with("\x1f\x8b")) return FileKind::kGzip;
  return is_text(file) ? kind_of_text(file) : FileKind::kBinary;
}

}  // namespace gradvitals
