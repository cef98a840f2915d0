// Contract under test: framework/io/safetensors.h refuses every file that lies, in one line that
// names the file and the tensor, field or byte.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "framework/io/safetensors.h"
#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

struct HostileFile {
  std::string name;
  std::string bytes;
  std::string message;  ///< What must be said, after "<path>: ".
};

void PrintTo(const HostileFile& file, std::ostream* out) {
  *out << file.name;
}

std::string tensor(std::string_view body, std::size_t data_bytes) {
  return safetensors_bytes(R"({"w":{)" + std::string(body) + "}}", std::string(data_bytes, '\0'));
}

std::string shaped(std::string_view shape, std::string_view offsets, std::size_t data_bytes) {
  return tensor(R"("dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":)" +
                    std::string(offsets),
                data_bytes);
}

std::string nested(std::string_view before, char bracket, std::string_view after) {
  return safetensors_bytes(std::string(before) + std::string(200'000, bracket) +
                           std::string(after));
}

std::vector<HostileFile> hostile_files() {
  const std::string two_tensors = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)";
  const std::string no_brace =
      "is not a safetensors file: byte 8 is not the '{' with which the header begins";
  const std::string huge = "18446744073709551615";
  return {
      // The file as a whole.
      {"Empty", "", "is empty"},
      {"CutInTheLength", "\x02\0\0", "byte 1: cut short inside the header length"},
      {"LengthBeyondTheFile", raw(std::uint64_t{3}) + "{}",
       "is cut short: its header has 3 bytes from byte 8 on, and the file 10 bytes in all"},
      {"CutAfterTheLength", raw(std::uint64_t{300}),
       "is cut short: its header has 300 bytes from byte 8 on, and the file 8 bytes in all"},
      {"LengthAboveTheCap", raw(std::uint64_t{100'000'001}) + "{}",
       "is not a safetensors file: byte 0: header length 100000001 is above the limit of "
       "100000000"},
      {"LengthOfAllOnes", std::string(8, '\xff') + "{}",
       "is not a safetensors file: byte 0: header length 18446744073709551615 is above the limit "
       "of 100000000"},
      {"UnknownBytes", std::string("\x8aXYZ\r\n\x1a\n\0\0\0\rIHDR", 16), no_brace},
      {"Zeros", std::string(64, '\0'), no_brace},
      {"Floats", raw(0.25F) + raw(-3.0F) + raw(1e-3F) + raw(2.0F), no_brace},
      {"CutInTheData", shaped("[2]", "[0,8]", 7),
       R"(tensor "w", data_offsets: [0,8] go beyond the 7 bytes of data: the file is cut short, or its header is wrong)"},
      {"TrailingBytes", shaped("[2]", "[0,8]", 11),
       "byte 70: the last 3 bytes belong to no tensor"},
      {"DataWithoutTensors", safetensors_bytes("{}", "x"),
       "byte 10: the last 1 bytes belong to no tensor"},
      // JSON.
      {"EmptyHeader", safetensors_bytes(""), no_brace},
      {"HeaderIsAnArray", safetensors_bytes("[]"), no_brace},
      {"ByteOrderMark", safetensors_bytes("\xEF\xBB\xBF{}"), no_brace},
      {"NulEndsTheHeaderEarly", safetensors_bytes(std::string("{}\0garbage", 10)),
       "byte 10: NUL in the header"},
      {"NoJson", safetensors_bytes("{]"), "byte 9: the header is not valid JSON"},
      {"UnclosedHeader", safetensors_bytes("{"), "byte 9: the header is not valid JSON"},
      {"TextAfterTheHeader", safetensors_bytes("{} {}"), "byte 11: the header is not valid JSON"},
      {"InvalidUtf8", safetensors_bytes("{\"\xff\":{}}"), "byte 10: the header is not valid JSON"},
      {"NestedArrays", nested(R"({"w":)", '[', ""),
       R"(tensor "w": expected an object, got an array)"},
      {"NestedArraysInAShape", nested(R"({"w":{"shape":)", '[', ""),
       R"(tensor "w", shape: expected a whole number >= 0, got an array)"},
      {"NestedBraces", nested("", '{', ""), "byte 9: the header is not valid JSON"},
      {"NestedArraysFromTheStart", nested("", '[', ""), no_brace},
      // Fields.
      {"TensorIsANumber", safetensors_bytes(R"({"w":3})"),
       R"(tensor "w": expected an object, got 3)"},
      {"TensorIsNull", safetensors_bytes(R"({"w":null})"),
       R"(tensor "w": expected an object, got null)"},
      {"UnknownField", tensor(R"("dtype":"F32","color":1)", 0),
       R"(tensor "w": unknown field "color")"},
      {"AnotherTypeWithoutShape", tensor(R"("dtype":"I64")", 0), R"(tensor "w": shape is missing)"},
      {"AnotherTypeThatSpansTooLittle",
       tensor(R"("dtype":"I64","shape":[2],"data_offsets":[0,8])", 8),
       R"(tensor "w", data_offsets: [0,8] span 8 bytes, but 2 elements of I64 are 16)"},
      {"HalfBytes", tensor(R"("dtype":"F4","shape":[3],"data_offsets":[0,1])", 1),
       R"(tensor "w", data_offsets: [0,1] span 1 bytes, but 3 elements of F4 are 2)"},
      {"UnknownTypeBeyondTheFile", tensor(R"("dtype":"Q\n7","shape":[2],"data_offsets":[0,9])", 8),
       R"(tensor "w", data_offsets: [0,9] go beyond the 8 bytes of data: the file is cut short, or its header is wrong)"},
      {"TypeIsANumber", tensor(R"("dtype":5)", 0),
       R"(tensor "w", dtype: expected a string, got 5)"},
      {"TypeIsAnArray", tensor(R"("dtype":["F32"])", 0),
       R"(tensor "w", dtype: expected a string, got an array)"},
      {"FieldTwice", tensor(R"("dtype":"F32","dtype":"F32")", 0),
       R"(tensor "w", dtype: given twice)"},
      {"FieldTwiceByEscape", tensor(R"("dtype":"F32","\u0064type":"F32")", 0),
       R"(tensor "w", dtype: given twice)"},
      {"NoType", tensor(R"("shape":[],"data_offsets":[0,4])", 4),
       R"(tensor "w": dtype is missing)"},
      {"NoShape", tensor(R"("dtype":"F32","data_offsets":[0,4])", 4),
       R"(tensor "w": shape is missing)"},
      {"NoOffsets", tensor(R"("dtype":"F32","shape":[])", 0),
       R"(tensor "w": data_offsets is missing)"},
      {"NameTwice",
       safetensors_bytes(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                         R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                         std::string(8, '\0')),
       R"(tensor "w": given twice)"},
      {"MetadataTwice", safetensors_bytes(R"({"__metadata__":{"a":"b","a":"b"}})"),
       R"(metadata "a": given twice)"},
      {"MetadataInTwoObjects",
       safetensors_bytes(R"({"__metadata__":{"a":"b"},"__metadata__":{"c":"d"}})"),
       "metadata: given twice"},
      {"Json", R"({"min_gradient": 0.1})", "is JSON, not safetensors"},
      {"Gzip", std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10),
       "is gzip-compressed, not safetensors"},
      {"Text", "grad_norm,loss\n0.1,0.2\n", "is text, not safetensors"},
      {"NumpyArray", "\x93NUMPY\x01\x01\x01", "is a NumPy array, not safetensors"},
      {"Escapes", safetensors_bytes("{\"a\xc2\x9b\xe2\x80\xae\":1}"),
       R"(tensor "a\u009b\u202e": expected an object, got 1)"},
      {"MetadataIsANumber", safetensors_bytes(R"({"__metadata__":{"step":1}})"),
       R"(metadata "step": expected a string, got 1)"},
      {"MetadataIsAString", safetensors_bytes(R"({"__metadata__":"x"})"),
       R"(metadata: expected an object, got "x")"},
      {"ControlCharactersInAName", safetensors_bytes(R"({"a\n\u001b[31mb":1})"),
       R"(tensor "a\n\u001b[31mb": expected an object, got 1)"},
      // Numbers.
      {"NegativeDimension", shaped("[-1]", "[0,4]", 4),
       R"(tensor "w", shape: expected a whole number >= 0, got -1)"},
      {"FractionalDimension", shaped("[1.5]", "[0,4]", 4),
       R"(tensor "w", shape: expected a whole number >= 0, got "1.5", no whole number below 2^64)"},
      {"DimensionAsText", shaped(R"(["1"])", "[0,4]", 4),
       R"(tensor "w", shape: expected a whole number >= 0, got "1")"},
      {"DimensionBeyond64Bits", shaped("[18446744073709551616]", "[0,4]", 4),
       R"(tensor "w", shape: expected a whole number >= 0, got "18446744073709551616", no whole number below 2^64)"},
      {"ShapeIsANumber", shaped("4", "[0,4]", 4),
       R"(tensor "w", shape: expected an array of whole numbers, got 4)"},
      {"ShapeThatOverflows", shaped("[4294967296,4294967296,4294967296]", "[0,0]", 0),
       R"(tensor "w", shape: [4294967296,4294967296,4294967296] has more elements than can be counted)"},
      {"ShapeThatOverflowsToZero", shaped("[9223372036854775808,2]", "[0,0]", 0),
       R"(tensor "w", shape: [9223372036854775808,2] has more elements than can be counted)"},
      {"DimensionBeyond63BitsBesideAZero", shaped("[0,9223372036854775808]", "[0,0]", 0),
       R"(tensor "w", shape: [0,9223372036854775808] has more elements than can be counted)"},
      {"BytesThatOverflow", shaped("[4611686018427387904]", "[0,0]", 0),
       R"(tensor "w", data_offsets: [0,0] span 0 bytes, but 4611686018427387904 elements of F32 are more than can be counted)"},
      {"OneTerabyteClaimed", shaped("[274877906944]", "[0,1099511627776]", 4),
       R"(tensor "w", data_offsets: [0,1099511627776] go beyond the 4 bytes of data: the file is cut short, or its header is wrong)"},
      {"OneTerabyteOfShape", shaped("[274877906944]", "[0,4]", 4),
       R"(tensor "w", data_offsets: [0,4] span 4 bytes, but 274877906944 elements of F32 are 1099511627776)"},
      {"TooManyDimensions",
       shaped(
           "[1" + std::string(200'000, ' ') +
               [] {
                 std::string ones;
                 for (int i = 0; i < 64; ++i) ones += ",1";
                 return ones;
               }() +
               "]",
           "[0,4]", 4),
       R"(tensor "w", shape: more than 64 dimensions)"},
      // Offsets.
      {"NegativeOffset", shaped("[1]", "[-4,0]", 0),
       R"(tensor "w", data_offsets: expected a whole number >= 0, got -4)"},
      {"OneOffset", shaped("[1]", "[4]", 4), R"(tensor "w", data_offsets: expected two offsets)"},
      {"ThreeOffsets", shaped("[1]", "[0,4,4]", 4),
       R"(tensor "w", data_offsets: more than two offsets)"},
      {"OffsetsBackwards", shaped("[1]", "[4,0]", 4),
       R"(tensor "w", data_offsets: [4,0] end before they begin)"},
      {"OffsetsBeyond63Bits", shaped("[1]", "[" + huge + "," + huge + "]", 4),
       R"(tensor "w", data_offsets: [18446744073709551615,18446744073709551615] go beyond the 4 bytes of data: the file is cut short, or its header is wrong)"},
      {"SpanTooShort", shaped("[2]", "[0,4]", 4),
       R"(tensor "w", data_offsets: [0,4] span 4 bytes, but 2 elements of F32 are 8)"},
      {"Overlap",
       safetensors_bytes(two_tensors + R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                         std::string(12, '\0')),
       R"(tensor "b", data_offsets: begin at 4, overlapping the tensor that ends at 8)"},
      {"SameBytesTwice",
       safetensors_bytes(two_tensors + R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                         std::string(8, '\0')),
       R"(tensor "b", data_offsets: begin at 0, overlapping the tensor that ends at 8)"},
      {"Hole",
       safetensors_bytes(two_tensors + R"("b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})",
                         std::string(16, '\0')),
       R"(tensor "b", data_offsets: begin at 12, leaving a hole that begins at 8)"},
      {"HoleAtTheStart", shaped("[1]", "[4,8]", 8),
       R"(tensor "w", data_offsets: begin at 4, leaving a hole that begins at 0)"},
  };
}

class HostileSafetensors : public ::testing::TestWithParam<HostileFile> {};

TEST_P(HostileSafetensors, IsRefusedInOneLine) {
  const TemporaryFile file(GetParam().bytes, ".safetensors");
  EXPECT_EQ(refusal([&] { SafetensorsFile opened(file.path()); }),
            file.path() + ": " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Files, HostileSafetensors, ::testing::ValuesIn(hostile_files()),
                         [](const auto& file) { return file.param.name; });

TEST(SafetensorsRefusal, ALongNameIsCutShortInTheMessage) {
  // 0xC3 0xA9 is one character: the cut must not split it.
  std::string name = "x";
  for (int i = 0; i < 100'000; ++i) name += "\xC3\xA9";
  const std::string file = safetensors_bytes("{\"" + name + "\":1}");
  const std::string message = refusal([&] { parse_safetensors(as_bytes(file), "f"); });
  EXPECT_EQ(message, "f: tensor \"" + name.substr(0, 79) + "...\": expected an object, got 1");
}

TEST(SafetensorsRefusal, EveryPrefixOfAFileIsRefused) {
  const std::string file = shaped("[2]", "[0,8]", 8);
  for (std::size_t length = 0; length < file.size(); ++length) {
    SCOPED_TRACE(length);
    refusal([&] { parse_safetensors(as_bytes(file).first(length), "prefix"); });
  }
  EXPECT_NO_THROW(parse_safetensors(as_bytes(file), "whole"));
}

TEST(SafetensorsRefusal, WhatIsNoRegularFileIsRefused) {
  const std::string folder = ::testing::TempDir();
  EXPECT_EQ(refusal([&] { SafetensorsFile opened(folder); }), folder + ": is a directory");
  EXPECT_EQ(refusal([] { SafetensorsFile opened("/dev/null"); }),
            "/dev/null: is not a regular file, so it cannot be mapped");
  const std::string missing = folder + "gradvitals_no_such_file";
  EXPECT_EQ(refusal([&] { SafetensorsFile opened(missing); }),
            missing + ": cannot open: No such file or directory");
}

TEST(SafetensorsRefusal, APipeIsRefusedWithoutWaitingForItsWriter) {
  const std::string pipe = ::testing::TempDir() + "gradvitals_pipe_" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refusal([&] { SafetensorsFile opened(pipe); }),
            pipe + ": is not a regular file, so it cannot be mapped");
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace gradvitals::test
