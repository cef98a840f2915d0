// Contract under test: read_batch() of framework/io/model_file.h. Oracle: files made here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>

#include "framework/io/model_file.h"
#include "tests/framework/io/input_files.h"
#include "tests/framework/io/model_files.h"
#include "tests/framework/io/zip_files.h"

namespace gradvitals::test {
namespace {

class BatchFile : public ::testing::Test {
 protected:
  ModelFile model =
      model_of({zeros("layers.0.kernel", {2, 3}), zeros("layers.1.kernel", {3, 1})}, kTwoLayers);

  ModelBatch read(const std::vector<TestTensor>& tensors) {
    const TemporaryFile file(file_of(tensors));
    return read_batch(file.path(), model);
  }

  /// What is said after the path.
  std::string refused(const std::vector<TestTensor>& tensors) {
    const TemporaryFile file(file_of(tensors));
    const std::string message = refusal([&] { read_batch(file.path(), model); });
    return message.substr(std::min(message.size(), file.path().size()));
  }
};

TEST_F(BatchFile, ReadsInputsAndTargets) {
  const ModelBatch batch =
      read({{"x", {2, 2}, floats({1, NAN, 3, 4})}, {"y", {2, 1}, floats({5, 6})}});
  EXPECT_EQ(batch.rows, 2);
  ASSERT_EQ(batch.x.size(), 4U);
  EXPECT_TRUE(std::isnan(batch.x[1]));
  EXPECT_EQ(batch.y, (Floats{5, 6}));
}

TEST_F(BatchFile, WhatDoesNotFitTheModelIsRefused) {
  const TestTensor x = zeros("x", {4, 2});
  const TestTensor y = zeros("y", {4, 1});
  EXPECT_EQ(refused({x}), R"(: tensor "y" is missing)");
  EXPECT_EQ(refused({y}), R"(: tensor "x" is missing)");
  EXPECT_EQ(refused({x, y, zeros("z", {1})}), R"(: tensor "z": is neither x nor y)");
  EXPECT_EQ(refused({zeros("x", {4, 3}), y}),
            R"(: tensor "x": shape [4,3] is not [4,2], which the model takes)");
  EXPECT_EQ(refused({x, zeros("y", {3, 1})}),
            R"(: tensor "y": shape [3,1] is not [4,1], which x and the model require)");
  EXPECT_EQ(refused({x, zeros("y", {4, 2})}),
            R"(: tensor "y": shape [4,2] is not [4,1], which x and the model require)");
  EXPECT_EQ(refused({x, zeros("y", {3})}),
            R"(: tensor "y": shape [3] is not [4,1], which x and the model require)");
  EXPECT_EQ(refused({x, zeros("y", {})}),
            R"(: tensor "y": shape [] is not [4,1], which x and the model require)");
  EXPECT_EQ(refused({zeros("x", {0, 2}), zeros("y", {0, 1})}),
            R"(: tensor "x": shape [0,2] is not (batch, inputs))");
}

TEST_F(BatchFile, AnIntegerIsPassedOverWhereItIsNotNeededAndNamedWhereItIs) {
  const std::string both = file_of({zeros("x", {4, 2}), zeros("y", {4, 1})});
  const TemporaryFile index_beside(with_an_integer(both, "index"));
  EXPECT_EQ(read_batch(index_beside.path(), model).rows, 4);
  const TemporaryFile integer_x(with_an_integer(file_of({zeros("y", {4, 1})}), "x"));
  EXPECT_EQ(
      refusal([&] { read_batch(integer_x.path(), model); }),
      integer_x.path() + R"(: tensor "x": is of type "I64"; F32, F64, F16 or BF16 is needed)");
}

TEST_F(BatchFile, OneOutputTakesAVectorOfTargets) {
  EXPECT_EQ(read({zeros("x", {2, 2}), {"y", {2}, floats({5, 6})}}).y, (Floats{5, 6}));
}

/// A safetensors file of x, of zeros and shape [rows,2], and of y.
std::string with_labels(std::int64_t rows, const std::string& dtype, const std::string& shape,
                        const std::string& labels) {
  const auto x_bytes = static_cast<std::size_t>(rows) * 8;
  return safetensors_bytes(R"({"x":{"dtype":"F32","shape":[)" + std::to_string(rows) +
                               R"(,2],"data_offsets":[0,)" + std::to_string(x_bytes) +
                               R"(]},"y":{"dtype":")" + dtype + R"(","shape":)" + shape +
                               R"(,"data_offsets":[)" + std::to_string(x_bytes) + "," +
                               std::to_string(x_bytes + labels.size()) + "]}}",
                           std::string(x_bytes, '\0') + labels);
}

ModelFile classifier() {
  return model_of({zeros("layers.0.kernel", {2, 3})},
                  {{"activations", "linear"}, {"loss", "cross_entropy"}});
}

TEST(ClassIndices, OfEveryIntegerTypeBecomeOneHotRows) {
  const std::string of_64_bits = raw(std::int64_t{2}) + raw(std::int64_t{0});
  const std::string of_32_bits = raw(std::uint32_t{2}) + raw(std::uint32_t{0});
  for (const auto& [dtype, labels] :
       std::map<std::string, std::string>{{"I64", of_64_bits},
                                          {"U64", of_64_bits},
                                          {"I32", of_32_bits},
                                          {"U32", of_32_bits},
                                          {"I16", raw(std::int16_t{2}) + raw(std::int16_t{0})},
                                          {"I8", std::string("\2\0", 2)},
                                          {"U8", std::string("\2\0", 2)},
                                          {"F32", floats({2, 0})}}) {
    for (const char* shape : {"[2]", "[2,1]"}) {
      const TemporaryFile file(with_labels(2, dtype, shape, labels));
      EXPECT_EQ(read_batch(file.path(), classifier()).y, (Floats{0, 0, 1, 1, 0, 0}))
          << dtype << shape;
    }
  }
}

TEST(ClassIndices, ThatAreNoneOfTheModelsClassesAreRefused) {
  const auto refused = [](const std::string& dtype, const std::string& label) {
    const TemporaryFile file(with_labels(1, dtype, "[1]", label));
    return refusal([&] { read_batch(file.path(), classifier()); }).substr(file.path().size());
  };
  const std::string rest = " is not a class from 0 to 2, which the model tells apart";
  EXPECT_EQ(refused("I64", raw(std::int64_t{3})), R"(: tensor "y", element 0: 3)" + rest);
  EXPECT_EQ(refused("I64", raw(std::int64_t{-100})), R"(: tensor "y", element 0: -100)" + rest);
  EXPECT_EQ(refused("F32", raw(0.5F)), R"(: tensor "y", element 0: 0.5)" + rest);
  EXPECT_EQ(refused("F32", raw(std::nanf(""))), R"(: tensor "y", element 0: nan)" + rest);
}

TEST(ClassIndices, OfAnotherLossAreRefusedByTheLossThatTakesThem) {
  ModelFile model = classifier();
  model.loss = LossKind::kMse;
  const TemporaryFile file(with_labels(2, "I64", "[2]", std::string(16, '\0')));
  EXPECT_EQ(refusal([&] { read_batch(file.path(), model); }).substr(file.path().size()),
            R"(: tensor "y": shape [2] is not [2,3], which x and the model require; )"
            "class indices go with the loss cross_entropy");
}

TEST_F(BatchFile, LabelsOfOneOutputMayBeIntegersOrBooleans) {
  const TemporaryFile integers(
      with_labels(2, "I64", "[2]", raw(std::int64_t{1}) + raw(std::int64_t{0})));
  EXPECT_EQ(read_batch(integers.path(), model).y, (Floats{1, 0}));
  const TemporaryFile booleans(with_labels(2, "BOOL", "[2,1]", std::string("\1\0", 2)));
  EXPECT_EQ(read_batch(booleans.path(), model).y, (Floats{1, 0}));
  const TemporaryFile complex(with_labels(2, "C64", "[2]", std::string(16, '\0')));
  EXPECT_EQ(refusal([&] { read_batch(complex.path(), model); }),
            complex.path() + R"(: tensor "y": is of type "C64"; F32, F64, F16 or BF16 is needed)");
}

TEST_F(BatchFile, ANumpyArchiveIsRead) {
  const std::string x = npy_bytes(npy_header("<f4", "(3, 2)"), floats({1, 2, 3, 4, 5, 6}));
  const std::string y = npy_bytes(npy_header("<f8", "(3,)"), raw(7.0) + raw(8.0) + raw(9.0));
  const TemporaryFile file(
      zip_bytes({{.name = "x.npy", .content = x, .method = 8}, {.name = "y.npy", .content = y}}));
  const ModelBatch batch = read_batch(file.path(), model);
  EXPECT_EQ(batch.x, (Floats{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(batch.y, (Floats{7, 8, 9}));
}

TEST(ClassIndices, OfANumpyArchiveAreReadInEveryOrder) {
  const std::string x = npy_bytes(npy_header("<f4", "(2, 2)"), std::string(16, '\0'));
  const auto targets = [&](const std::string& y) {
    const TemporaryFile file(
        zip_bytes({{.name = "x.npy", .content = x}, {.name = "y.npy", .content = y}}));
    return read_batch(file.path(), classifier()).y;
  };
  EXPECT_EQ(
      targets(npy_bytes(npy_header("<i8", "(2,)"), raw(std::int64_t{2}) + raw(std::int64_t{0}))),
      (Floats{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(targets(npy_bytes(npy_header(">i4", "(2,)"), std::string("\0\0\0\2\0\0\0\1", 8))),
            (Floats{0, 0, 1, 0, 1, 0}));
  // One-hot rows 010 and 100, a column after the other.
  EXPECT_EQ(targets(npy_bytes(npy_header("|u1", "(2, 3)", "True"), std::string("\0\1\1\0\0\0", 6))),
            (Floats{0, 1, 0, 1, 0, 0}));
}

TEST_F(BatchFile, ASingleNumpyArrayIsRefusedWithTheLineThatWritesBoth) {
  const TemporaryFile file(npy_bytes(npy_header("<f4", "(1,)"), raw(1.0F)));
  EXPECT_EQ(refusal([&] { read_batch(file.path(), model); }),
            file.path() +
                ": is one NumPy array, where x and y are needed; in Python, "
                "numpy.savez(\"batch.npz\", x=x, y=y) writes both");
}

}  // namespace
}  // namespace gradvitals::test
