// Contract under test: framework/io/npy.h. Oracle: files that NumPy wrote
// (tests/golden/record_numpy.py), whose values count from 0 in row-major order; and arrays written
// out here.
#include "framework/io/npy.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <ostream>

#include "framework/io/float_values.h"
#include "framework/io/input_file.h"
#include "tests/framework/io/zip_files.h"

namespace gradvitals::test {
namespace {

using Shape = std::vector<std::int64_t>;

std::vector<float> counting(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

std::string numpy_file(std::string_view name) {
  return test_data("golden/numpy/" + std::string(name));
}

void expect_counting(const SafetensorsEntry& entry, DType dtype, const Shape& shape) {
  SCOPED_TRACE(entry.name);
  EXPECT_EQ(entry.dtype, dtype);
  EXPECT_EQ(entry.shape, shape);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(entry.bytes.data()) %
                static_cast<std::uintptr_t>(size_in_bytes(dtype)),
            0U);
  EXPECT_EQ(float_values(entry, "f"), counting(entry.count));
}

class NumpyArchive : public ::testing::TestWithParam<const char*> {};

TEST_P(NumpyArchive, IsReadAsNumPyWroteIt) {
  const InputFile file(numpy_file(GetParam()));
  ByteStore store;
  const SafetensorsContents contents = parse_npz(file.bytes(), "f", kMaxDumpBytes, store);
  std::map<std::string, SafetensorsEntry> found;
  for (const SafetensorsEntry& entry : contents.tensors) found.emplace(entry.name, entry);
  ASSERT_EQ(found.size(), 8U);
  expect_counting(found.at("block.0/weight"), DType::kFloat32, {3, 2});
  expect_counting(found.at("bias"), DType::kFloat64, {2});
  expect_counting(found.at("half"), DType::kFloat16, {2, 2});
  expect_counting(found.at("fortran"), DType::kFloat32, {2, 3, 4});
  expect_counting(found.at("big_endian"), DType::kFloat32, {5});
  expect_counting(found.at("big_endian_fortran"), DType::kFloat64, {2, 3});
  EXPECT_EQ(float_values(found.at("scalar"), "f"), std::vector<float>{7});
  EXPECT_TRUE(found.at("scalar").shape.empty());
  EXPECT_EQ(found.at("none").count, 0);
  EXPECT_EQ(contents.left_out, (std::vector<LeftOutTensor>{{"step", "int64"},
                                                           {"mask", "bool"},
                                                           {"words", "<U2"},
                                                           {"objects", "Python objects"},
                                                           {"records", "records"}}));
}

INSTANTIATE_TEST_SUITE_P(Files, NumpyArchive, ::testing::Values("stored.npz", "deflated.npz"),
                         [](const auto& name) { return std::string(name.param, 6); });

TEST(Npy, EveryVersionIsRead) {
  for (const char* name : {"version1.npy", "version2.npy", "version3.npy"}) {
    const InputFile file(numpy_file(name));
    ByteStore store;
    expect_counting(entry_of(parse_npy(file.bytes(), name), name, store), DType::kFloat32, {2, 3});
  }
}

TEST(Npy, FortranOrderIsTurnedIntoRowMajor) {
  const InputFile file(numpy_file("fortran.npy"));
  ByteStore store;
  expect_counting(entry_of(parse_npy(file.bytes(), "f"), "w", store), DType::kFloat64, {2, 3, 4});
}

TEST(Npy, WhatPythonMayWriteInAHeaderIsRead) {
  // Any order of keys, either quote, no comma at the end, Python 2's long integers.
  const std::string file = npy_bytes(
      "{\"shape\": (2L, 1L), 'fortran_order':False , \"descr\": \"<f4\"}", raw(0.0F) + raw(1.0F));
  ByteStore store;
  expect_counting(entry_of(parse_npy(as_bytes(file), "f"), "w", store), DType::kFloat32, {2, 1});
}

struct HostileNpy {
  std::string name;
  std::string bytes;
  std::string message;  ///< What must be said, after "f.npy: ".
};

void PrintTo(const HostileNpy& file, std::ostream* out) {
  *out << file.name;
}

class HostileNpys : public ::testing::TestWithParam<HostileNpy> {};

TEST_P(HostileNpys, IsRefusedInOneLine) {
  EXPECT_EQ(refusal([] { parse_npy(as_bytes(GetParam().bytes), "f.npy"); }),
            "f.npy: " + GetParam().message);
}

std::string many_dimensions() {
  std::string shape = "(";
  for (int i = 0; i < 65; ++i) shape += "1,";
  return shape + ")";
}

INSTANTIATE_TEST_SUITE_P(
    Files, HostileNpys,
    ::testing::ValuesIn(std::vector<HostileNpy>{
        {"NoMagic", "\x93NUMBY", "is no NumPy array"},
        {"CutInTheVersion", "\x93NUMPY\x01", "cut short inside the version"},
        {"UnknownVersion", std::string("\x93NUMPY\x09\0\0\0", 10),
         "version 9 of the format is unknown"},
        {"CutInTheLength", std::string("\x93NUMPY\x01\0\0", 9),
         "cut short inside the length of the header"},
        {"HeaderBeyondTheEnd", std::string("\x93NUMPY\x01\0\xff\xff{}", 12),
         "the header goes beyond the end"},
        {"NoDictionary", npy_bytes("[]"), "character 0 of the header: '{' is missing"},
        {"Unclosed", npy_bytes("{'descr': '<f4'"), "character 15 of the header: '}' is missing"},
        {"StringWithoutEnd", npy_bytes("{'descr"),
         "character 1 of the header: a string without end"},
        {"SomethingAfter", npy_bytes(npy_header("<f4", "(1,)") + "x", "1234"),
         "character 58 of the header: something follows the dictionary"},
        {"UnknownKey", npy_bytes("{'color': 1}"),
         "character 9 of the header: unknown key \"color\""},
        {"KeyTwice", npy_bytes("{'descr': '<f4', 'descr': '<f4'}"),
         "character 25 of the header: \"descr\" stands twice"},
        {"NoShape", npy_bytes("{'descr': '<f4', 'fortran_order': False}"),
         "character 40 of the header: 'shape' is missing"},
        {"NoOrder", npy_bytes("{'descr': '<f4', 'shape': ()}"),
         "character 29 of the header: 'fortran_order' is missing"},
        {"NoType", npy_bytes("{}"), "character 2 of the header: 'descr' is missing"},
        {"TypeIsANumber", npy_bytes("{'descr': 4}"),
         "character 10 of the header: 'descr' is no string"},
        {"OrderIsANumber", npy_bytes("{'fortran_order': 1}"),
         "character 18 of the header: 'fortran_order' is neither True nor False"},
        {"NegativeDimension", npy_bytes(npy_header("<f4", "(-1,)")),
         "character 51 of the header: a dimension is no whole number >= 0 below 2^64"},
        {"HugeDimension", npy_bytes(npy_header("<f4", "(18446744073709551616,)")),
         "character 51 of the header: a dimension is no whole number >= 0 below 2^64"},
        {"TooManyDimensions", npy_bytes(npy_header("<f4", many_dimensions())),
         "character 179 of the header: more than 64 dimensions"},
        {"ShapeThatOverflows", npy_bytes(npy_header("<f4", "(4294967296, 4294967296)")),
         "shape (4294967296, 4294967296) has more elements than can be counted"},
        {"TooFewBytes", npy_bytes(npy_header("<f4", "(2,)"), "1234"),
         "2 elements of float32 do not fit 4 bytes of data"},
        {"TooManyBytes", npy_bytes(npy_header("<f8", "(1,)"), "123456789"),
         "1 elements of float64 do not fit 9 bytes of data"},
        {"BytesThatOverflow", npy_bytes(npy_header("<f8", "(2305843009213693952,)")),
         "2305843009213693952 elements of float64 do not fit 0 bytes of data"},
        {"BFloat16", npy_bytes(npy_header("<V2", "(1,)"), "12"),
         "type \"<V2\" is what NumPy makes of bfloat16, whose meaning is lost; save it as float32, "
         "or as safetensors"},
    }),
    [](const auto& file) { return file.param.name; });

TEST(Npz, AnArrayGivenTwiceIsRefused) {
  const std::string array = npy_bytes(npy_header("<f4", "(1,)"), raw(1.0F));
  const std::string archive =
      zip_bytes({{.name = "w.npy", .content = array}, {.name = "w.npy", .content = array}});
  ByteStore store;
  EXPECT_EQ(refusal([&] { parse_npz(as_bytes(archive), "f", 1 << 20, store); }),
            "f: array \"w\": given twice");
}

TEST(Npz, AnArchiveWithoutAnArrayIsRefused) {
  const std::string archive = zip_bytes({{.name = "config.json", .content = "{}"}});
  ByteStore store;
  EXPECT_EQ(refusal([&] { parse_npz(as_bytes(archive), "f", 1 << 20, store); }),
            "f: is a zip archive that holds no array (no .npy entry)");
}

TEST(Npz, MoreThanTheLimitIsRefusedBeforeItIsDecompressed) {
  const std::string array = npy_bytes(npy_header("<f4", "(1000,)"), std::string(4'000, '\0'));
  const std::string archive = zip_bytes({{.name = "a.npy", .content = array, .method = 8},
                                         {.name = "b.npy", .content = array, .method = 8}});
  ByteStore store;
  EXPECT_NO_THROW(parse_npz(as_bytes(archive), "f", 10'000, store));
  EXPECT_EQ(refusal([&] { parse_npz(as_bytes(archive), "f", 8'000, store); }),
            "f: holds more than 8000 bytes when decompressed");
}

TEST(Npz, AnArrayThatIsWrongIsNamed) {
  const std::string archive =
      zip_bytes({{.name = "w\n.npy", .content = npy_bytes(npy_header("<f4", "(2,)"))}});
  ByteStore store;
  EXPECT_EQ(refusal([&] { parse_npz(as_bytes(archive), "f", 1 << 20, store); }),
            R"(f: array "w\n": 2 elements of float32 do not fit 0 bytes of data)");
}

}  // namespace
}  // namespace gradvitals::test
