#include "framework/io/batch_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "framework/io/byte_store.h"
#include "framework/io/checked_product.h"
#include "framework/io/float_values.h"
#include "framework/io/input_file.h"
#include "framework/io/npy.h"
#include "framework/io/safetensors.h"
#include "framework/io/safetensors_header.h"
#include "framework/io/unread_format.h"
#include "framework/io/zip_archive.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

[[noreturn]] void refuse_array(const InputFile& file, std::string_view name,
                               std::string_view what) {
  refuse_input(file.path(), fmt::format("tensor {}: {}", in_quotes(name), what));
}

[[noreturn]] void refuse_as_missing(const InputFile& file, std::string_view name) {
  refuse_input(file.path(), fmt::format("tensor {} is missing", in_quotes(name)));
}

[[noreturn]] void refuse_type(const InputFile& file, std::string_view name,
                              std::string_view dtype) {
  refuse_array(file, name,
               fmt::format("is of type {}; F32, F64, F16 or BF16 is needed", in_quotes(dtype)));
}

struct IntegerType {
  std::string_view name;        ///< As safetensors has it.
  std::string_view numpy_name;  ///< As NumPy has it.
  std::size_t bytes;
  bool is_signed;
};
constexpr std::array kIntegerTypes = {
    IntegerType{"I64", "int64", 8, true},   IntegerType{"I32", "int32", 4, true},
    IntegerType{"I16", "int16", 2, true},   IntegerType{"I8", "int8", 1, true},
    IntegerType{"U64", "uint64", 8, false}, IntegerType{"U32", "uint32", 4, false},
    IntegerType{"U16", "uint16", 2, false}, IntegerType{"U8", "uint8", 1, false},
    IntegerType{"BOOL", "bool", 1, false},
};

/// Integers as they lie in a file.
struct RawIntegers {
  std::string dtype_name;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
  bool is_big_endian = false;
  bool is_fortran_order = false;
};

/// The tensor that parse_safetensors() left out; it has checked the header against the file.
RawIntegers safetensors_integers(const InputFile& file, std::string_view name) {
  const std::span<const std::byte> bytes = file.bytes();
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kSafetensorsLengthBytes);
  const std::string_view json = as_text(bytes.subspan(kSafetensorsLengthBytes, header_bytes));
  const std::span<const std::byte> data = bytes.subspan(kSafetensorsLengthBytes + header_bytes);
  for (const SafetensorsClaim& claim : parse_safetensors_header(json, file.path()).tensors) {
    if (claim.name != name) continue;
    return {.dtype_name = claim.dtype_name,
            .shape = {claim.shape.begin(), claim.shape.end()},
            .bytes = data.subspan(claim.begin, claim.end - claim.begin)};
  }
  refuse_as_missing(file, name);
}

/// The array that parse_npz() left out.
RawIntegers numpy_integers(const InputFile& file, std::string_view name, ByteStore& store) {
  for (const ZipEntry& entry : parse_zip(file.bytes(), file.path())) {
    if (entry.name != fmt::format("{}.npy", name)) continue;
    const NpyArray array = parse_npy(zip_content(entry, store, file.path()), file.path(),
                                     fmt::format("array {}: ", in_quotes(name)));
    return {.dtype_name = array.dtype_name,
            .shape = array.shape,
            .bytes = array.bytes,
            .is_big_endian = array.is_big_endian,
            .is_fortran_order = array.is_fortran_order};
  }
  refuse_as_missing(file, name);
}

float integer_at(std::span<const std::byte> bytes, bool is_signed, bool is_big_endian) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte byte = bytes[is_big_endian ? i : bytes.size() - 1 - i];
    bits = bits << 8U | std::to_integer<std::uint64_t>(byte);
  }
  if (!is_signed) return static_cast<float>(bits);
  const std::size_t unused = 64 - 8 * bytes.size();
  return static_cast<float>(static_cast<std::int64_t>(bits << unused) >> unused);
}

/// Labels have one dimension or two, so that a transposed matrix is all that their order can be.
BatchArray array_of(const RawIntegers& raw, std::string_view name, const InputFile& file) {
  const auto* const type = std::ranges::find_if(kIntegerTypes, [&](const IntegerType& candidate) {
    return raw.dtype_name == candidate.name || raw.dtype_name == candidate.numpy_name;
  });
  if (type == kIntegerTypes.end()) refuse_type(file, name, raw.dtype_name);
  std::optional<std::uint64_t> bytes = type->bytes;
  for (const std::int64_t dimension : raw.shape) {
    if (bytes) bytes = checked_product(*bytes, static_cast<std::uint64_t>(dimension));
  }
  BatchArray array{.name = std::string(name), .shape = raw.shape, .values = {}};
  if (bytes != raw.bytes.size() || raw.shape.size() > 2) {
    refuse_array(file, name,
                 fmt::format("{} bytes of data are no labels of shape [{}] and type {}",
                             raw.bytes.size(), fmt::join(raw.shape, ","), raw.dtype_name));
  }
  const std::size_t count = raw.bytes.size() / type->bytes;
  const bool is_transposed = raw.is_fortran_order && raw.shape.size() == 2 && count > 0;
  const std::size_t cols = is_transposed ? static_cast<std::size_t>(raw.shape[1]) : 1;
  const std::size_t rows = count / cols;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = is_transposed ? i % cols * rows + i / cols : i;
    array.values.push_back(integer_at(raw.bytes.subspan(place * type->bytes, type->bytes),
                                      type->is_signed, raw.is_big_endian));
  }
  return array;
}

class BatchFile {
 public:
  explicit BatchFile(const std::string& path) : file_(path) {
    refuse_unread_format(file_.bytes(), file_.path());
    if (file_.kind() == FileKind::kNpy) {
      refuse_input(file_.path(),
                   "is one NumPy array, where x and y are needed; in Python, "
                   "numpy.savez(\"batch.npz\", x=x, y=y) writes both");
    }
    contents_ = is_archive() ? parse_npz(file_.bytes(), file_.path(), kMaxDumpBytes, store_)
                             : parse_safetensors(file_.bytes(), file_.path());
    for (SafetensorsEntry& entry : contents_.tensors) {
      if (entry.name != "x" && entry.name != "y") {
        refuse_array(file_, entry.name, "is neither x nor y");
      }
      store_.align(entry);
    }
  }

  BatchArray floats(std::string_view name) const {
    const auto left_out = std::ranges::find(contents_.left_out, name, &LeftOutTensor::name);
    if (left_out != contents_.left_out.end()) refuse_type(file_, name, left_out->dtype);
    const auto found = std::ranges::find(contents_.tensors, name, &SafetensorsEntry::name);
    if (found == contents_.tensors.end()) refuse_as_missing(file_, name);
    return {
        .name = found->name, .shape = found->shape, .values = float_values(*found, file_.path())};
  }

  BatchArray floats_or_integers(std::string_view name) {
    const bool left_out = std::ranges::any_of(
        contents_.left_out, [&](const LeftOutTensor& tensor) { return tensor.name == name; });
    if (!left_out) return floats(name);
    return array_of(
        is_archive() ? numpy_integers(file_, name, store_) : safetensors_integers(file_, name),
        name, file_);
  }

 private:
  bool is_archive() const { return file_.kind() == FileKind::kZip; }

  InputFile file_;
  ByteStore store_;
  SafetensorsContents contents_;
};

}  // namespace

BatchArrays read_batch_arrays(const std::string& path) {
  BatchFile file(path);
  return {.x = file.floats("x"), .y = file.floats_or_integers("y")};
}

}  // namespace gradvitals
