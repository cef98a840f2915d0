// Contract: hidden units are those that another kernel takes as its inputs, through convolutions,
// pooling and flattening; heads, squeezed averages and stacked experts have none.
// Oracle: the shapes of well-known networks.
#include "monitor/rules/hidden_kernels.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

/// As weight(), but as Keras has it: units last.
TensorRecord keras_kernel(const std::string& name, const Shape& shape) {
  TensorRecord record = weight(name, Shape(shape.rbegin(), shape.rend()));
  std::swap(record.rows, record.cols);
  record.unit_axis = UnitAxis::kCols;
  return record;
}

/// "conv1.weight conv2.weight"
std::string hidden(std::vector<TensorRecord> records) {
  const HealthMetrics metrics = metrics_of(std::move(records));
  std::string names;
  for (const TensorRecord* found : hidden_kernels(metrics)) {
    if (!names.empty()) names += ' ';
    names += found->name;
  }
  return names;
}

TEST(HiddenKernels, OfConvolutionsThatAreFlattened) {
  EXPECT_EQ(hidden({weight("0.weight", {6, 1, 5, 5}), weight("3.weight", {16, 6, 5, 5}),
                    weight("7.weight", {120, 400}), weight("9.weight", {10, 120})}),
            "0.weight 3.weight 7.weight");
  EXPECT_EQ(hidden({weight("0.weight", {64, 3, 11, 11}), weight("3.weight", {192, 64, 5, 5}),
                    weight("6.weight", {384, 192, 3, 3}), weight("8.weight", {256, 384, 3, 3}),
                    weight("10.weight", {256, 256, 3, 3}), weight("fc.weight", {1000, 9216})}),
            "0.weight 3.weight 6.weight 8.weight 10.weight");
}

TEST(HiddenKernels, OfConvolutionsThatArePooled) {
  EXPECT_EQ(hidden({weight("conv1.weight", {64, 3, 7, 7}), weight("conv2.weight", {64, 64, 3, 3}),
                    weight("conv3.weight", {128, 64, 1, 1}), weight("fc.weight", {10, 128})}),
            "conv1.weight conv2.weight conv3.weight");
}

TEST(HiddenKernels, OfConvolutionsAsKerasHasThem) {
  EXPECT_EQ(hidden({keras_kernel("conv2d/kernel", {3, 3, 1, 32}),
                    keras_kernel("conv2d_1/kernel", {3, 3, 32, 64}),
                    keras_kernel("dense/kernel", {1600, 10})}),
            "conv2d/kernel conv2d_1/kernel");
}

TEST(HiddenKernels, OfConvolutionsInOneAndThreeDimensions) {
  EXPECT_EQ(hidden({weight("conv1.weight", {32, 1, 7}), weight("conv2.weight", {48, 32, 5}),
                    weight("fc.weight", {10, 480})}),
            "conv1.weight conv2.weight");
  EXPECT_EQ(hidden({weight("0.weight", {24, 1, 3, 3, 3}), weight("1.weight", {40, 24, 3, 3, 3}),
                    weight("fc.weight", {2, 40})}),
            "0.weight 1.weight");
}

TEST(HiddenKernels, OfConvolutionsWithAWindowOfAnyShape) {
  // Spectrograms: 41 and 21 frequencies, 11 steps.
  EXPECT_EQ(hidden({weight("0.weight", {32, 1, 41, 11}), weight("3.weight", {32, 32, 21, 11}),
                    weight("6.weight", {96, 32, 21, 11}), weight("fc.weight", {29, 96})}),
            "0.weight 3.weight 6.weight");
}

TEST(HiddenKernels, AreNoneWhereAWindowHasAsManyElementsAsAHeadHasUnits) {
  // 4 channels under a window of 4x4 are 64 inputs, and none of the 64 classes.
  EXPECT_EQ(hidden({weight("0.weight", {4, 3, 3, 3}), weight("1.weight", {16, 4, 4, 4}),
                    weight("cls.weight", {64, 16, 1, 1})}),
            "0.weight 1.weight");
}

TEST(HiddenKernels, OfDepthwiseConvolutionsAreTheirChannels) {
  EXPECT_EQ(hidden({weight("stem.weight", {32, 3, 3, 3}), weight("dw1.weight", {32, 1, 3, 3}),
                    weight("pw1.weight", {64, 32, 1, 1}), weight("dw2.weight", {64, 1, 3, 3}),
                    weight("pw2.weight", {128, 64, 1, 1}), weight("fc.weight", {1000, 128})}),
            "stem.weight dw1.weight pw1.weight dw2.weight pw2.weight");
}

TEST(HiddenKernels, AreNoneInTheHeadOfAFullyConvolutionalNetwork) {
  // A box regressor: anchors without an object get no gradient.
  EXPECT_EQ(hidden({weight("0.weight", {32, 3, 3, 3}), weight("1.weight", {64, 32, 3, 3}),
                    weight("cls.weight", {84, 64, 3, 3}), weight("box.weight", {24, 64, 3, 3})}),
            "0.weight 1.weight");
}

TEST(HiddenKernels, AreNoneBehindAFewSqueezedAverages) {
  EXPECT_EQ(hidden({weight("conv.weight", {64, 3, 3, 3}), weight("se.fc1.weight", {8, 64, 1, 1}),
                    weight("se.fc2.weight", {64, 8, 1, 1}), weight("fc.weight", {10, 64})}),
            "conv.weight se.fc2.weight");
}

TEST(HiddenKernels, AreNoneInStackedExpertsAndPositions) {
  EXPECT_EQ(hidden({weight("mlp.experts.weight", {8, 64, 256}), weight("router.weight", {8, 64}),
                    weight("proj.weight", {64, 8})}),
            "router.weight proj.weight");
  EXPECT_EQ(hidden({weight("pos_embedding", {512, 1, 64}), weight("positions", {512, 1, 64}),
                    weight("fc.weight", {10, 512})}),
            "");
}

}  // namespace
}  // namespace gradvitals::test
