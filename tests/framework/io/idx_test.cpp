// Contract under test: framework/io/idx.h. Oracle: the format, written out as bytes here.
#include "framework/io/idx.h"

#include <gtest/gtest.h>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

using Values = std::vector<double>;
using Extent = std::vector<std::int64_t>;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

IdxArray parse(const std::string& file) {
  return parse_idx(as_bytes(file), "images.idx");
}

TEST(Idx, ReadsUnsignedBytesOfAnyRank) {
  const IdxArray array = parse(bytes({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 127, 128, 255}));
  EXPECT_EQ(array.shape, (Extent{2, 3}));
  EXPECT_EQ(array.values, (Values{0, 1, 2, 127, 128, 255}));
}

TEST(Idx, ReadsEveryTypeAsBigEndian) {
  const auto values = [](int type, const std::string& data) {
    return parse(bytes({0, 0, type, 1, 0, 0, 0, 2}) + data).values;
  };
  EXPECT_EQ(values(0x09, bytes({0xFF, 0x7F})), (Values{-1, 127}));
  EXPECT_EQ(values(0x0B, bytes({0xFF, 0xFE, 0x01, 0x02})), (Values{-2, 258}));
  EXPECT_EQ(values(0x0C, bytes({0x80, 0, 0, 0, 0, 1, 0, 2})), (Values{-2147483648.0, 65538}));
  EXPECT_EQ(values(0x0D, bytes({0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0})), (Values{1.0, -2.5}));
  EXPECT_EQ(values(0x0E, bytes({0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 4, 0, 0, 0, 0, 0, 0})),
            (Values{1.0, -2.5}));
}

TEST(Idx, ADimensionOfZeroHasNoElements) {
  const IdxArray array = parse(bytes({0, 0, 8, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}));
  EXPECT_EQ(array.shape, (Extent{4294967295, 0}));
  EXPECT_TRUE(array.values.empty());
}

struct HostileBytes {
  std::string name;
  std::string file;
  std::string message;  ///< What must be said, after "<path>: ".
};

void PrintTo(const HostileBytes& file, std::ostream* out) {
  *out << file.name;
}

class HostileIdx : public ::testing::TestWithParam<HostileBytes> {};

TEST_P(HostileIdx, IsRefusedInOneLine) {
  EXPECT_EQ(refusal([] { parse(GetParam().file); }), "images.idx: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Files, HostileIdx,
    ::testing::ValuesIn(std::vector<HostileBytes>{
        {"Empty", "", "is empty"},
        {"CutInTheMagic", bytes({0, 0, 8}), "byte 3: cut short inside the magic number"},
        {"WrongMagic", bytes({1, 0, 8, 1}), "byte 0: magic number 0x01000801 is not that of IDX"},
        {"LittleEndianMagic", bytes({1, 8, 0, 0}),
         "byte 0: magic number 0x01080000 is not that of IDX"},
        {"UnknownType", bytes({0, 0, 0x0A, 1}), "byte 2: unknown element type 0x0a"},
        {"NoDimensions", bytes({0, 0, 8, 0, 1}), "byte 3: no dimensions"},
        {"CutInTheDimensions", bytes({0, 0, 8, 2, 0, 0, 0, 1, 0}),
         "byte 9: cut short inside dimension 1 of 2"},
        {"CutInTheData", bytes({0, 0, 8, 1, 0, 0, 0, 3, 1, 2}),
         "dimensions [3] of 1-byte elements do not fit 2 bytes of data"},
        {"TrailingBytes", bytes({0, 0, 8, 1, 0, 0, 0, 1, 1, 2}),
         "dimensions [1] of 1-byte elements do not fit 2 bytes of data"},
        {"HalfAnElement", bytes({0, 0, 0x0D, 1, 0, 0, 0, 1, 1, 2}),
         "dimensions [1] of 4-byte elements do not fit 2 bytes of data"},
        {"TerabytesClaimed",
         bytes({0, 0, 0x0E, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}),
         "dimensions [4294967295,4294967295] of 8-byte elements do not fit 1 bytes of data"},
        // 2^32 elements would be 0 in 32 bits, and so would 2^64 in 64.
        {"CountThatOverflows", bytes({0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}),
         "dimensions [65536,65536,65536,65536] of 1-byte elements do not fit 0 bytes of data"},
        {"DataBesideAZeroDimension", bytes({0, 0, 8, 1, 0, 0, 0, 0, 1}),
         "dimensions [0] of 1-byte elements do not fit 1 bytes of data"},
    }),
    [](const auto& file) { return file.param.name; });

}  // namespace
}  // namespace gradvitals::test
