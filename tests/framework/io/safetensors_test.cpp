// Contract under test: framework/io/safetensors.h, for files that are as they should be.
// Oracle: the format's specification, written out as bytes here.
#include "framework/io/safetensors.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <stdexcept>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

SafetensorsContents parse(const std::string& bytes) {
  return parse_safetensors(as_bytes(bytes), "memory");
}

SafetensorsEntry entry_over(std::string name, std::span<const float> values,
                            std::vector<std::int64_t> shape) {
  return {.name = std::move(name),
          .dtype = DType::kFloat32,
          .shape = std::move(shape),
          .count = std::ssize(values),
          .bytes = std::as_bytes(values)};
}

TEST(Safetensors, ReadsNameTypeShapeAndBytes) {
  const std::string file = safetensors_bytes(
      R"({"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})", raw(1.5F) + raw(-2.0F));
  const SafetensorsContents contents = parse(file);
  ASSERT_EQ(contents.tensors.size(), 1U);
  const SafetensorsEntry& w = contents.tensors[0];
  EXPECT_EQ(w.name, "w");
  EXPECT_EQ(w.dtype, DType::kFloat32);
  EXPECT_EQ(w.shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(w.count, 2);
  ASSERT_EQ(w.bytes.size(), 8U);
  std::array<float, 2> values{};
  std::memcpy(values.data(), w.bytes.data(), sizeof values);
  EXPECT_EQ(values, (std::array{1.5F, -2.0F}));
  EXPECT_TRUE(contents.metadata.empty());
}

TEST(Safetensors, ReadsAllFourTypes) {
  const SafetensorsContents contents =
      parse(safetensors_bytes(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
                              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                              R"("c":{"dtype":"F16","shape":[1],"data_offsets":[12,14]},)"
                              R"("d":{"dtype":"BF16","shape":[1],"data_offsets":[14,16]}})",
                              std::string(16, 'x')));
  ASSERT_EQ(contents.tensors.size(), 4U);
  EXPECT_EQ(contents.tensors[0].dtype, DType::kFloat64);
  EXPECT_EQ(contents.tensors[1].dtype, DType::kFloat32);
  EXPECT_EQ(contents.tensors[2].dtype, DType::kFloat16);
  EXPECT_EQ(contents.tensors[3].dtype, DType::kBFloat16);
}

TEST(Safetensors, ATensorOfAnotherTypeIsLeftOutAndCostsNoOther) {
  const std::string file =
      safetensors_bytes(R"({"step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                        R"("w":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
                        R"("mask":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]},)"
                        R"("quarter":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[15,16]},)"
                        R"("nibbles":{"dtype":"F4","shape":[4],"data_offsets":[16,18]},)"
                        R"("later":{"dtype":"Q7","shape":[5],"data_offsets":[18,20]}})",
                        std::string(8, 'x') + raw(1.5F) + std::string(8, 'x'));
  const SafetensorsContents contents = parse(file);
  ASSERT_EQ(contents.tensors.size(), 1U);
  EXPECT_EQ(contents.tensors[0].name, "w");
  EXPECT_EQ(std::memcmp(contents.tensors[0].bytes.data(), raw(1.5F).data(), 4), 0);
  EXPECT_EQ(contents.left_out, (std::vector<LeftOutTensor>{{"step", "I64"},
                                                           {"mask", "BOOL"},
                                                           {"quarter", "F8_E4M3"},
                                                           {"nibbles", "F4"},
                                                           {"later", "Q7"}}));
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirOffsets) {
  const SafetensorsContents contents =
      parse(safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
                              R"("z":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                              std::string(8, '\0')));
  ASSERT_EQ(contents.tensors.size(), 2U);
  EXPECT_EQ(contents.tensors[0].name, "z");
  EXPECT_EQ(contents.tensors[1].name, "a");
}

TEST(Safetensors, EmptyTensorsShareTheirNeighboursOffset) {
  const SafetensorsContents contents =
      parse(safetensors_bytes(R"({"full":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                              R"("front":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},)"
                              R"("back":{"dtype":"F16","shape":[3,0],"data_offsets":[4,4]}})",
                              std::string(4, '\0')));
  ASSERT_EQ(contents.tensors.size(), 3U);
  EXPECT_EQ(contents.tensors[0].name, "front");
  EXPECT_EQ(contents.tensors[0].count, 0);
  EXPECT_EQ(contents.tensors[1].name, "full");
  EXPECT_EQ(contents.tensors[1].count, 1);  // A scalar.
  EXPECT_EQ(contents.tensors[2].name, "back");
}

TEST(Safetensors, AFileWithoutTensorsIsRead) {
  EXPECT_TRUE(parse(safetensors_bytes("{}")).tensors.empty());
  EXPECT_TRUE(parse(safetensors_bytes("{}      ")).tensors.empty());
}

TEST(Safetensors, ReadsMetadata) {
  const SafetensorsContents contents =
      parse(safetensors_bytes(R"({"__metadata__":{"loss":"mse","format":"pt"}})"));
  EXPECT_EQ(contents.metadata,
            (std::map<std::string, std::string>{{"format", "pt"}, {"loss", "mse"}}));
}

TEST(Safetensors, AFileIsMappedNotCopied) {
  const float three = 3.0F;
  std::ostringstream out;
  write_safetensors(out, std::vector{entry_over("w", std::span(&three, 1), {1})});
  const TemporaryFile file(out.str());
  const SafetensorsFile opened(file.path());
  const SafetensorsEntry* w = opened.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(opened.find("v"), nullptr);
  // What another writes into the file shows through a mapping, never through a copy.
  std::fstream(file.path(), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(-4, std::ios::end)
      .write(raw(4.0F).data(), 4)
      .flush();
  EXPECT_EQ(*reinterpret_cast<const float*>(w->bytes.data()), 4.0F);
}

TEST(Safetensors, UnalignedTensorsAreCopiedIntoPlace) {
  const TemporaryFile file(
      safetensors_bytes(R"({"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},)"
                        R"("d":{"dtype":"F64","shape":[1],"data_offsets":[2,10]}}      )",
                        "hh" + raw(0.1)));
  const SafetensorsFile opened(file.path());
  const SafetensorsEntry* d = opened.find("d");
  ASSERT_NE(d, nullptr);
  ASSERT_EQ(d->bytes.size(), 8U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(d->bytes.data()) % alignof(double), 0U);
  EXPECT_EQ(*reinterpret_cast<const double*>(d->bytes.data()), 0.1);
}

TEST(Safetensors, WhatIsWrittenIsReadBack) {
  const std::array values{1.0F, 2.0F, 3.0F};
  const std::vector written{entry_over("b", std::span(values).first(2), {2, 1}),
                            entry_over("a \"quoted\" \n name", std::span(values).last(1), {})};
  std::ostringstream out;
  write_safetensors(out, written, {{"loss", "mse"}});
  const std::string file = out.str();
  const SafetensorsContents read = parse(file);
  EXPECT_EQ(read.metadata, (std::map<std::string, std::string>{{"loss", "mse"}}));
  ASSERT_EQ(read.tensors.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.tensors[i].name, written[i].name);
    EXPECT_EQ(read.tensors[i].shape, written[i].shape);
    EXPECT_EQ(read.tensors[i].count, written[i].count);
    EXPECT_TRUE(std::ranges::equal(read.tensors[i].bytes, written[i].bytes));
  }
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  EXPECT_EQ(header_bytes % 8, 0U);
}

TEST(Safetensors, AFileWithoutTensorsIsWritten) {
  std::ostringstream out;
  write_safetensors(out, {});
  EXPECT_EQ(out.str(), safetensors_bytes("{}      "));
}

TEST(Safetensors, TheWriterRefusesWhatNoReaderWouldTake) {
  const std::array values{1.0F, 2.0F};
  std::ostringstream out;
  const auto write = [&](std::vector<SafetensorsEntry> tensors) {
    write_safetensors(out, tensors);
  };
  EXPECT_THROW(write({entry_over("a", values, {3})}), std::invalid_argument);
  EXPECT_THROW(write({entry_over("a", values, {2}), entry_over("a", values, {2})}),
               std::invalid_argument);
  EXPECT_THROW(write({entry_over("__metadata__", values, {2})}), std::invalid_argument);
  EXPECT_THROW(write({entry_over("\xff", values, {2})}), std::invalid_argument);
  SafetensorsEntry wrong_count = entry_over("a", values, {2});
  wrong_count.count = 3;
  EXPECT_THROW(write({wrong_count}), std::invalid_argument);
  SafetensorsEntry short_of_bytes = entry_over("a", values, {2});
  short_of_bytes.bytes = short_of_bytes.bytes.first(7);
  EXPECT_THROW(write({short_of_bytes}), std::invalid_argument);
  EXPECT_TRUE(out.str().empty()) << "half a file was written";
}

}  // namespace
}  // namespace gradvitals::test
