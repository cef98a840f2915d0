// safetensors: tensors as typed bytes, read from a mapping and written to a stream.
// Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/byte_store.h"
#include "framework/io/mapped_file.h"
#include "framework/io/tensor_entry.h"

namespace gradvitals {

/// A tensor whose elements are of a type that is not read.
struct LeftOutTensor {
  std::string name;
  std::string dtype;  ///< As the file has it: "I64".

  bool operator==(const LeftOutTensor&) const = default;
};

/// What a file holds. Tensors are in the order of their offsets.
struct SafetensorsContents {
  std::vector<SafetensorsEntry> tensors;
  std::vector<LeftOutTensor> left_out;
  std::map<std::string, std::string> metadata;
};

/// Parses a whole file that lies in memory; entries point into `file`. `path` is for messages.
/// Throws InputError naming the path and the tensor, field or byte at fault for anything that the
/// format does not allow: a header longer than the file or than 100 MB, JSON that does not fit the
/// format (at any depth), unknown fields, names given twice, sizes that overflow, tensors that
/// overlap, leave holes or do not end with the file. A tensor of another type than the four is left
/// out, and costs no other tensor.
SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& path);

/// A file on disk, mapped and not copied. Tensors that lie unaligned for their element type (the
/// format allows it, its writers avoid it) are the exception: those alone are copied, so that
/// entry.bytes can be read as elements.
class SafetensorsFile {
 public:
  /// Throws InputError as MappedFile and parse_safetensors do.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<SafetensorsEntry>& tensors() const { return contents_.tensors; }
  const std::vector<LeftOutTensor>& left_out() const { return contents_.left_out; }
  const std::map<std::string, std::string>& metadata() const { return contents_.metadata; }
  /// Null where the file has no tensor of that name, or left it out.
  const SafetensorsEntry* find(std::string_view name) const;

 private:
  std::string path_;
  MappedFile mapping_;
  SafetensorsContents contents_;
  ByteStore realigned_;
};

/// Writes the tensors in their order, after a header padded to a multiple of 8 bytes. Put wider
/// types first to keep every tensor aligned. Throws std::invalid_argument naming the tensor whose
/// shape, count and bytes disagree or whose name is taken, reserved or not UTF-8. Failed writes
/// show in `out`.
void write_safetensors(std::ostream& out, std::span<const SafetensorsEntry> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace gradvitals
