// Contract under test: framework/io/shard_index.h, and the shards of a TensorDump.
#include "framework/io/shard_index.h"

#include <gtest/gtest.h>

#include <ostream>

#include "framework/io/float_values.h"
#include "framework/io/tensor_dump.h"
#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

TEST(ShardIndex, ATensorThatIsGivenTwiceIsNamed) {
  EXPECT_EQ(refusal([] {
              parse_shard_index(
                  R"({"metadata": {"a": 1}, "weight_map": {"a": "x", "b": "x", "a": "y"}})",
                  "i.json");
            }),
            "i.json: key \"a\" is given twice in one object");
}

TEST(ShardIndex, TensorsAreSortedByTheirFiles) {
  const ShardIndex index = parse_shard_index(
      R"({"metadata": {"total_size": 12, "step": "7", "parameters": ["a", "b"]},)"
      R"( "weight_map": {"a": "x.safetensors", "b": "sub/y.safetensors", "c": "./x.safetensors"}})",
      "i.json");
  EXPECT_EQ(index.shards, (std::map<std::string, std::vector<std::string>>{
                              {"x.safetensors", {"a", "c"}}, {"sub/y.safetensors", {"b"}}}));
  EXPECT_EQ(index.metadata, (std::map<std::string, std::string>{
                                {"total_size", "12"}, {"step", "7"}, {"parameters", "a\nb\n"}}));
}

struct HostileIndex {
  std::string name;
  std::string text;
  std::string message;  ///< What must be said, after "i.json: ".
};

void PrintTo(const HostileIndex& index, std::ostream* out) {
  *out << index.name;
}

std::string map_to(std::string_view file) {
  return R"({"weight_map": {"w": )" + std::string(file) + "}}";
}

class HostileIndexes : public ::testing::TestWithParam<HostileIndex> {};

TEST_P(HostileIndexes, IsRefusedInOneLine) {
  EXPECT_EQ(refusal([] { parse_shard_index(GetParam().text, "i.json"); }),
            "i.json: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, HostileIndexes,
    ::testing::ValuesIn(std::vector<HostileIndex>{
        {"NoJson", R"({"weight_map": {)", "no JSON at byte 17"},
        {"NoObject", "[1]", "is no JSON object"},
        {"NoMap", R"({"metadata": {}})", "\"weight_map\" is no object"},
        {"MapIsAList", R"({"weight_map": []})", "\"weight_map\" is no object"},
        {"MetadataIsAList", R"({"weight_map": {}, "metadata": []})", "\"metadata\" is no object"},
        {"FileIsANumber", map_to("1"), "tensor \"w\": its file is no text"},
        {"NoName", map_to(R"("")"), "tensor \"w\": file \"\" is no file name"},
        {"NulInTheName", map_to(R"("a\u0000b")"), R"(tensor "w": file "a\u0000b" is no file name)"},
        {"Absolute", map_to(R"("/etc/passwd")"),
         "tensor \"w\": file \"/etc/passwd\" is not relative to the index"},
        {"Parent", map_to(R"("../x.safetensors")"),
         "tensor \"w\": file \"../x.safetensors\" leaves the folder of the index"},
        {"ParentFurtherOn", map_to(R"("a/../../x")"),
         "tensor \"w\": file \"a/../../x\" leaves the folder of the index"},
        {"Number", R"({"weight_map": {}, "metadata": {"a": 1e999}})",
         "holds a number beyond the range of float64"},
        {"Nested", R"({"weight_map": )" + std::string(100'000, '['), "nested deeper than 8 levels"},
    }),
    [](const auto& index) { return index.param.name; });

/// A folder with shards and their index.
class Shards : public ::testing::Test {
 protected:
  Shards() : folder_(::testing::TempDir() + "gradvitals_shards_XXXXXX") {
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no folder");
  }
  ~Shards() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  /// One float named `tensor`, and metadata.
  static std::string shard(const std::string& tensor, float value, const std::string& metadata) {
    return safetensors_bytes(R"({"__metadata__":{)" + metadata + R"(},")" + tensor +
                                 R"(":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
                             raw(value));
  }

  std::string folder_;
};

TEST_F(Shards, AreOneDump) {
  write("1.safetensors", shard("b", 2, R"("step":"7")"));
  write("2.safetensors", shard("a", 1, R"("step":"7","format":"pt")"));
  const TensorDump dump(
      write("i.json", R"({"weight_map":{"a":"2.safetensors","b":"1.safetensors"}})"));
  ASSERT_EQ(dump.tensors().size(), 2U);
  EXPECT_EQ(float_values(*dump.find("a"), "f"), std::vector<float>{1});
  EXPECT_EQ(float_values(*dump.find("b"), "f"), std::vector<float>{2});
  EXPECT_EQ(dump.metadata(), (std::map<std::string, std::string>{{"step", "7"}, {"format", "pt"}}));
  EXPECT_TRUE(dump.left_out().empty());
}

TEST_F(Shards, ATensorThatTheIndexDoesNotNameIsLeftOutWithAWord) {
  write("1.safetensors", shard("b", 2, ""));
  const TensorDump dump(write("i.json", R"({"weight_map":{}})"));
  EXPECT_TRUE(dump.tensors().empty());
  write("2.safetensors",
        safetensors_bytes(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                          R"("n":{"dtype":"I8","shape":[1],"data_offsets":[4,5]},)"
                          R"("z":{"dtype":"F16","shape":[],"data_offsets":[5,7]}})",
                          std::string(7, '\0')));
  const TensorDump part(
      write("j.json", R"({"weight_map":{"a":"2.safetensors","n":"2.safetensors"}})"));
  ASSERT_EQ(part.tensors().size(), 1U);
  EXPECT_EQ(part.left_out(), (std::vector<std::string>{"n (I8)", "z (not in the index)"}));
}

TEST_F(Shards, WhatIsMissingIsNamed) {
  const std::string index = write("i.json", R"({"weight_map":{"a":"2.safetensors"}})");
  EXPECT_EQ(refusal([&] { TensorDump dump(index); }),
            index + ": shard \"2.safetensors\" is missing; tensor \"a\" is in it");
  write("2.safetensors", shard("b", 2, ""));
  EXPECT_EQ(refusal([&] { TensorDump dump(index); }),
            index + ": tensor \"a\" is not in its shard \"2.safetensors\"");
  const std::string broken = write("2.safetensors", "no");
  EXPECT_EQ(refusal([&] { TensorDump dump(index); }),
            broken + ": byte 2: cut short inside the header length");
}

TEST_F(Shards, OfTwoStepsAreRefused) {
  write("1.safetensors", shard("b", 2, R"("step":"7")"));
  const std::string second = write("2.safetensors", shard("a", 1, R"("step":"8")"));
  const std::string index =
      write("i.json", R"({"weight_map":{"a":"2.safetensors","b":"1.safetensors"}})");
  EXPECT_EQ(refusal([&] { TensorDump dump(index); }),
            second + ": metadata \"step\" is \"8\", and \"7\" in another part of the dump");
}

TEST_F(Shards, OfPyTorchSayWhatTheyAre) {
  write("1.bin", "\x80\x02}q\x01.");
  const std::string index = write("i.json", R"({"weight_map":{"a":"1.bin"}})");
  EXPECT_NE(refusal([&] { TensorDump dump(index); }).find("pickle"), std::string::npos);
}

}  // namespace
}  // namespace gradvitals::test
