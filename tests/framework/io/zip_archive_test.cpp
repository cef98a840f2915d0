// Contract under test: framework/io/zip_archive.h. Oracle: archives written out in zip_files.h, and
// in npy_test.cpp those of NumPy.
#include "framework/io/zip_archive.h"

#include <gtest/gtest.h>

#include <ostream>

#include "framework/io/file_kind.h"
#include "tests/framework/io/zip_files.h"

namespace gradvitals::test {
namespace {

const std::string kLong(100'000, 'a');

std::vector<std::string> contents_of(const std::string& archive) {
  ByteStore store;
  std::vector<std::string> contents;
  for (const ZipEntry& entry : parse_zip(as_bytes(archive), "z.npz")) {
    contents.emplace_back(as_text(zip_content(entry, store, "z.npz")));
  }
  return contents;
}

TEST(ZipArchive, StoredAndDeflatedEntriesAreRead) {
  const std::vector<TestZipEntry> entries{{.name = "a", .content = "first"},
                                          {.name = "folder/b", .content = kLong, .method = 8},
                                          {.name = "none", .content = ""},
                                          {.name = "empty", .content = "", .method = 8}};
  for (const bool zip64 : {false, true}) {
    EXPECT_EQ(contents_of(zip_bytes(entries, zip64)),
              (std::vector<std::string>{"first", kLong, "", ""}))
        << "zip64: " << zip64;
  }
  const std::string archive = zip_bytes(entries);
  EXPECT_EQ(parse_zip(as_bytes(archive), "z").at(1).name, "folder/b");
}

TEST(ZipArchive, ACommentMayFollowAndMayLookLikeAnEnd) {
  ZipBuilder builder;
  builder.add({.name = "a", .content = "first"});
  EXPECT_EQ(contents_of(builder.bytes("made by PK\x05\x06 and others, with 22 bytes or more")),
            std::vector<std::string>{"first"});
}

TEST(ZipArchive, StoredDataIsNotCopied) {
  const std::string archive = zip_bytes({{.name = "a", .content = "first"}});
  ByteStore store;
  const ZipEntry entry = parse_zip(as_bytes(archive), "z").at(0);
  EXPECT_EQ(zip_content(entry, store, "z").data(), entry.data.data());
}

struct HostileZip {
  std::string name;
  std::string bytes;
  std::string message;  ///< What must be said, after "z.npz: ".
};

void PrintTo(const HostileZip& file, std::ostream* out) {
  *out << file.name;
}

std::string changed(std::string bytes, std::string_view from, std::string_view to) {
  const std::size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos);
  return bytes.replace(at, from.size(), to);
}

std::vector<HostileZip> hostile_zips() {
  const TestZipEntry whole{.name = "a", .content = "first"};
  const std::string archive = zip_bytes({whole});
  const auto with = [&](auto change) {
    TestZipEntry entry = whole;
    change(entry);
    return zip_bytes({entry});
  };
  return {
      {"CutShort", archive.substr(0, archive.size() - 1),
       "is a zip archive without its end: cut short, or still being written"},
      {"WithoutEnd", archive.substr(0, 40),
       "is a zip archive without its end: cut short, or still being written"},
      {"DirectoryElsewhere", changed(archive, "PK\x01\x02", "PK\x01\x03"),
       "the zip archive's directory is not where the archive says"},
      {"HeaderElsewhere", changed(archive, "PK\x03\x04", "PK\x03\x05"),
       "an entry's header is not where the archive says"},
      {"HeaderBeyondTheEnd", with([](auto& entry) { entry.header = 4'000; }),
       R"(entry "a": lies outside the archive)"},
      {"DataBeyondTheEnd", with([](auto& entry) { entry.data_bytes = 4'000; }),
       R"(entry "a": goes beyond the end of the archive)"},
      {"Encrypted", with([](auto& entry) { entry.flags = 1; }), R"(entry "a": is encrypted)"},
      {"AnotherMethod", with([](auto& entry) { entry.method = 12; }),
       R"(entry "a": is compressed by method 12; stored and deflated are read)"},
      {"WrongChecksum", with([](auto& entry) { entry.crc = 1; }),
       R"(entry "a": its checksum does not match)"},
      {"WrongSizeStored", with([](auto& entry) { entry.content_bytes = 6; }),
       R"(entry "a": claims 6 bytes and has 5)"},
      {"WrongSizeDeflated", with([](auto& entry) {
         entry.method = 8;
         entry.content_bytes = 6;
       }),
       R"(entry "a": the compressed data is damaged)"},
      {"MoreThanItClaims", with([](auto& entry) {
         entry.method = 8;
         entry.content_bytes = 4;
       }),
       R"(entry "a": the compressed data is damaged)"},
      {"NotDeflated", with([](auto& entry) {
         entry.method = 8;
         entry.data = "\xff\xff\xff\xff";
       }),
       R"(entry "a": the compressed data is damaged)"},
      {"BytesAfterTheDeflated", with([](auto& entry) {
         entry.method = 8;
         entry.data = deflated(entry.content) + "x";
       }),
       R"(entry "a": the compressed data is damaged)"},
      {"ATerabyteClaimed",
       zip_bytes({{.name = "a", .content = "f", .method = 8, .content_bytes = 1ULL << 40}}, true),
       R"(entry "a": claims 1099511627776 bytes, which its data cannot give)"},
      {"Overlap", zip_bytes({whole, {.name = "b", .content = "first", .header = 0}}),
       R"(entry "b": overlaps "a")"},
      {"FewerEntriesThanSaid",
       changed(archive, raw(std::uint16_t{1}) + raw(std::uint16_t{1}) + "\x2f",
               raw(std::uint16_t{2}) + raw(std::uint16_t{2}) + "\x2f"),
       "the zip archive's directory has 1 entries, its end says 2"},
      {"OneOfSeveral",
       changed(archive, "PK\x05\x06" + raw(std::uint16_t{0}), "PK\x05\x06" + raw(std::uint16_t{1})),
       "is one part of a zip archive in several"},
      {"DirectoryBeyondTheEnd",
       changed(archive, raw(std::uint32_t{0x2f}), raw(std::uint32_t{0x4f})),
       "the zip archive's directory goes beyond its end"},
      {"NoLocatorOfZip64", "PK\x05\x06" + std::string(16, '\xff') + std::string(2, '\0'),
       "the zip64 locator is missing"},
  };
}

class HostileZips : public ::testing::TestWithParam<HostileZip> {};

TEST_P(HostileZips, IsRefusedInOneLine) {
  EXPECT_EQ(refusal([] { contents_of(GetParam().bytes); }), "z.npz: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Files, HostileZips, ::testing::ValuesIn(hostile_zips()),
                         [](const auto& file) { return file.param.name; });

TEST(ZipArchive, EveryPrefixIsRefused) {
  for (const bool zip64 : {false, true}) {
    const std::string archive = zip_bytes({{.name = "a", .content = kLong, .method = 8}}, zip64);
    for (std::size_t length = 0; length < archive.size(); ++length) {
      SCOPED_TRACE(length);
      refusal([&] { contents_of(archive.substr(0, length)); });
    }
  }
}

}  // namespace
}  // namespace gradvitals::test
