// Contract under test: framework/io/parameter_names.h. Oracle: texts and files made here.
#include "framework/io/parameter_names.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

using Names = std::vector<std::string>;

Names parsed(std::string_view text) {
  return parse_parameter_names(text, "names");
}

TEST(ParameterNames, StandALineEach) {
  EXPECT_EQ(parsed("0.weight\n0.bias\n"), (Names{"0.weight", "0.bias"}));
  EXPECT_EQ(parsed("\n  0.weight \r\n\n\t0.bias"), (Names{"0.weight", "0.bias"}));
  EXPECT_EQ(parsed("a,b\nc"), (Names{"a,b", "c"})) << "of several lines a comma is part of a name";
}

TEST(ParameterNames, StandBetweenCommasWhereThereIsOneLine) {
  EXPECT_EQ(parsed("a, b ,c\n"), (Names{"a", "b", "c"}));
  EXPECT_EQ(parsed("a,,b,"), (Names{"a", "b"}));
}

TEST(ParameterNames, StandInAJsonArray) {
  EXPECT_EQ(parsed(R"( ["a", "b c", "\u00e4,\n"] )"), (Names{"a", "b c", "ä,\n"}));
  EXPECT_EQ(parsed("[]"), Names{});
}

TEST(ParameterNames, GivenTwiceCountOnceInTheirFirstPlace) {
  EXPECT_EQ(parsed("b\na\nb\n"), (Names{"b", "a"}));
  EXPECT_EQ(parsed(R"(["b", "a", "b", ""])"), (Names{"b", "a"}));
}

TEST(ParameterNames, WhatIsNoListOfNamesIsRefused) {
  const auto refused = [](std::string_view text) { return refusal([&] { parsed(text); }); };
  EXPECT_EQ(refused(R"(["a", 1])"), "names: entry 1 is no name");
  EXPECT_EQ(refused(R"(["a", ["b"]])"),
            "names: the JSON array of names holds something that is no name");
  EXPECT_EQ(refused(R"(["a")"), "names: no JSON array of names at byte 5");
  EXPECT_EQ(refused(R"(["a", 1e999])"), "names: the JSON array of names holds a number");
  EXPECT_EQ(refused(std::string_view("a\0b", 3)),
            "names: neither safetensors nor a text with a name a line");
}

TEST(ParameterNames, OfAFileAreToldByItsContent) {
  const TemporaryFile text("a\nb\n", ".safetensors");
  EXPECT_EQ(read_parameter_names(text.path()), (Names{"a", "b"}));
  const TemporaryFile json(R"(["a", "b"])", ".txt");
  EXPECT_EQ(read_parameter_names(json.path()), (Names{"a", "b"}));
  const TemporaryFile tensors(
      safetensors_bytes(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                        R"("steps":{"dtype":"I64","shape":[1],"data_offsets":[4,12]}})",
                        std::string(12, '\0')),
      ".txt");
  EXPECT_EQ(read_parameter_names(tensors.path()), Names{"w"}) << "a count of steps is no parameter";
}

TEST(ParameterNames, OfACompressedFileAreRead) {
  const TemporaryFile file("");
  gzFile out = gzopen(file.path().c_str(), "wb");
  gzputs(out, "a\nb\n");
  gzclose(out);
  EXPECT_EQ(read_parameter_names(file.path()), (Names{"a", "b"}));
}

TEST(ParameterNames, AFileThatNamesNoneIsRefused) {
  for (const char* content : {" \n\n", "[]", ",,"}) {
    const TemporaryFile file(content);
    EXPECT_EQ(refusal([&] { read_parameter_names(file.path()); }),
              file.path() + ": names no parameter")
        << content;
  }
}

TEST(ParameterNames, BuffersOfNormalisationAreTold) {
  for (const char* name : {"bn.running_mean", "1.running_var", "bn1.num_batches_tracked",
                           "batch_normalization/moving_mean", "norm.moving_variance"}) {
    EXPECT_TRUE(is_buffer_name(name)) << name;
  }
  for (const char* name : {"bn.weight", "running_mean.weight", "moving", ""}) {
    EXPECT_FALSE(is_buffer_name(name)) << name;
  }
}

}  // namespace
}  // namespace gradvitals::test
