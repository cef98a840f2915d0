// Contract: kernels/runtime/dtype.h, view.h and the texts of matrix_view.h. Oracle of the conversions: the
// definition of each format, sign * 2^exponent * significand, in double.
#include "kernels/runtime/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/runtime/matrix_view.h"
#include "kernels/stats/view.h"

namespace gradvitals::test {
namespace {

double decode(int sign, int exponent, int mantissa, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  double magnitude = 0;
  if (exponent == (1 << exponent_bits) - 1) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, 1 - bias - mantissa_bits);
  } else {
    magnitude = std::ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
  }
  return sign != 0 ? -magnitude : magnitude;
}

void expect_same(double got, double expected, int bits) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << bits;
  } else {
    EXPECT_EQ(got, expected) << bits;
    EXPECT_EQ(std::signbit(got), std::signbit(expected)) << bits;
  }
}

TEST(DType, ConvertsEveryFloat16Exactly) {
  for (int bits = 0; bits < 1 << 16; ++bits) {
    expect_same(to_float32(Float16{static_cast<std::uint16_t>(bits)}),
                decode(bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff, 5, 10), bits);
  }
}

TEST(DType, ConvertsEveryBFloat16Exactly) {
  for (int bits = 0; bits < 1 << 16; ++bits) {
    expect_same(to_float32(BFloat16{static_cast<std::uint16_t>(bits)}),
                decode(bits >> 15, bits >> 7 & 0xff, bits & 0x7f, 8, 7), bits);
  }
}

TEST(DType, HasTheNamesOfSafetensors) {
  EXPECT_EQ(name(DType::kFloat32), "F32");
  EXPECT_EQ(name(DType::kFloat64), "F64");
  EXPECT_EQ(name(DType::kFloat16), "F16");
  EXPECT_EQ(name(DType::kBFloat16), "BF16");
  for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    EXPECT_EQ(parse_dtype(name(dtype)), dtype);
  }
  EXPECT_EQ(parse_dtype("f32"), std::nullopt);
  EXPECT_EQ(parse_dtype(""), std::nullopt);
}

TEST(DType, KnowsItsSize) {
  EXPECT_EQ(size_in_bytes(kDTypeOf<float>), 4);
  EXPECT_EQ(size_in_bytes(kDTypeOf<double>), 8);
  EXPECT_EQ(size_in_bytes(kDTypeOf<Float16>), 2);
  EXPECT_EQ(size_in_bytes(kDTypeOf<BFloat16>), 2);
}

TEST(View, NamesEveryRole) {
  EXPECT_EQ(name(Role::kGradient), "gradient");
  EXPECT_EQ(name(Role::kWeight), "weight");
  EXPECT_EQ(name(Role::kPreActivation), "pre_activation");
  EXPECT_EQ(name(Role::kOutput), "output");
  EXPECT_EQ(name(Role::kDelta), "delta");
}

TEST(MatrixView, WritesShapesAsTuples) {
  EXPECT_EQ(shape_text(100, 10), "(100, 10)");
  EXPECT_EQ(shape_text(64), "(64,)");
}

}  // namespace
}  // namespace gradvitals::test
