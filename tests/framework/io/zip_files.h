// Zip archives and NumPy arrays, written out byte by byte: no code is shared with the readers.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {

/// Raw deflated data of zlib's.
inline std::string deflated(std::string_view content) {
  std::string out(compressBound(content.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string in(content);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<unsigned>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// One entry of an archive; what is empty is what it should be.
struct TestZipEntry {
  std::string name;
  std::string content;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::optional<std::string> data = {};
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint64_t> content_bytes = {};
  std::optional<std::uint64_t> data_bytes = {};
  std::optional<std::uint64_t> header = {};
};

/// Builds an archive; with `zip64` every size and offset stands in the fields of 64 bits.
class ZipBuilder {
 public:
  explicit ZipBuilder(bool zip64 = false) : zip64_(zip64) {}

  void add(const TestZipEntry& entry) {
    const std::string data =
        entry.data.value_or(entry.method == 8 ? deflated(entry.content) : entry.content);
    const std::uint32_t crc = entry.crc.value_or(static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(entry.content.data()), entry.content.size())));
    const std::uint64_t content_bytes = entry.content_bytes.value_or(entry.content.size());
    const std::uint64_t data_bytes = entry.data_bytes.value_or(data.size());
    const std::uint64_t header = entry.header.value_or(local_.size());
    // An extra field of another kind before the data: its length differs from the directory's.
    const std::string local_extra = "\xAA\xAA\x02" + std::string("\0xy", 3);
    local_ += "PK\x03\x04" + raw(std::uint16_t{45}) + raw(entry.flags) + raw(entry.method) +
              raw(std::uint32_t{0}) + raw(crc) + raw(narrow(data_bytes)) +
              raw(narrow(content_bytes)) + raw(length16(entry.name)) + raw(length16(local_extra)) +
              entry.name + local_extra + data;
    std::string extra;
    if (zip64_) {
      extra = raw(std::uint16_t{1}) + raw(std::uint16_t{24}) + raw(content_bytes) +
              raw(data_bytes) + raw(header);
    }
    directory_ += "PK\x01\x02" + raw(std::uint16_t{45}) + raw(std::uint16_t{45}) +
                  raw(entry.flags) + raw(entry.method) + raw(std::uint32_t{0}) + raw(crc) +
                  raw(narrow(data_bytes)) + raw(narrow(content_bytes)) + raw(length16(entry.name)) +
                  raw(length16(extra)) + raw(std::uint16_t{0}) + raw(std::uint64_t{0}) +
                  raw(narrow(header)) + entry.name + extra;
    ++count_;
  }

  std::string bytes(std::string_view comment = "") const {
    const std::uint64_t begin = local_.size(), size = directory_.size(), count = count_;
    std::string end;
    if (zip64_) {
      end = "PK\x06\x06" + raw(std::uint64_t{44}) + raw(std::uint32_t{0x2D002D}) +
            raw(std::uint64_t{0}) + raw(count) + raw(count) + raw(size) + raw(begin);
      end += "PK\x06\x07" + raw(std::uint32_t{0}) + raw(begin + size) + raw(std::uint32_t{1});
    }
    const auto entries = zip64_ ? std::uint16_t{0xFFFF} : static_cast<std::uint16_t>(count);
    end += "PK\x05\x06" + raw(std::uint32_t{0}) + raw(entries) + raw(entries) + raw(narrow(size)) +
           raw(narrow(begin)) + raw(length16(comment)) + std::string(comment);
    return local_ + directory_ + end;
  }

 private:
  static std::uint16_t length16(std::string_view text) {
    return static_cast<std::uint16_t>(text.size());
  }
  std::uint32_t narrow(std::uint64_t value) const {
    return zip64_ ? 0xFFFFFFFF : static_cast<std::uint32_t>(value);
  }

  bool zip64_;
  std::string local_;
  std::string directory_;
  std::uint64_t count_ = 0;
};

inline std::string zip_bytes(const std::vector<TestZipEntry>& entries, bool zip64 = false) {
  ZipBuilder builder(zip64);
  for (const TestZipEntry& entry : entries) builder.add(entry);
  return builder.bytes();
}

/// A .npy file of version 1.
inline std::string npy_bytes(std::string_view header, std::string_view data = "") {
  return "\x93NUMPY\x01" + std::string(1, '\0') + raw(static_cast<std::uint16_t>(header.size())) +
         std::string(header) + std::string(data);
}

inline std::string npy_header(std::string_view descr, std::string_view shape,
                              std::string_view fortran_order = "False") {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(fortran_order) +
         ", 'shape': " + std::string(shape) + ", }\n";
}

}  // namespace gradvitals::test
