// Contract: kernels/ops/cuda/gemm_ladder.h. Oracle: a naive product in more precision, and one
// algorithm for the others, whose bits are the same. Tolerance: dot_product().
#include "kernels/ops/cuda/gemm_ladder.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string_view>
#include <vector>

#include "kernels/runtime/backend.h"
#include "tests/kernels/ops/gemm_case.h"
#include "tests/support/devices.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"

namespace gradvitals::test {
namespace {

constexpr std::array kAlgorithms = {GemmAlgorithm::kNaive, GemmAlgorithm::kCoalesced,
                                    GemmAlgorithm::kSharedTiled, GemmAlgorithm::kRegisterTiled,
                                    GemmAlgorithm::kWarpTiled};

class GemmLadderTest : public DeviceTest {
 protected:
  Matrix<float> multiply(GemmAlgorithm algorithm, const GemmCase& test, const Matrix<float>& a,
                         const Matrix<float>& b, const Matrix<float>& c) {
    const Matrix<float> stored_a = test.transpose_a ? transposed(a) : a;
    const Matrix<float> stored_b = test.transpose_b ? transposed(b) : b;
    const GuardedBuffer<float> a_data(stream(), stored_a.values, test.misalignment_bytes);
    const GuardedBuffer<float> b_data(stream(), stored_b.values, test.misalignment_bytes);
    const GuardedBuffer<float> c_data(stream(), c.values, test.misalignment_bytes);
    gemm_by(stream(), algorithm,
            {.a = a_data.matrix(stored_a.rows, stored_a.cols),
             .b = b_data.matrix(stored_b.rows, stored_b.cols),
             .c = c_data.matrix(c.rows, c.cols),
             .transpose_a = test.transpose_a,
             .transpose_b = test.transpose_b,
             .alpha = static_cast<float>(test.alpha),
             .beta = static_cast<float>(test.beta)});
    EXPECT_TRUE(c_data.guards_intact()) << test;
    Matrix<float> result(c.rows, c.cols);
    result.values = c_data.download();
    return result;
  }

  /// The first algorithm against the oracle, the others against the first.
  void expect_one_product(const GemmCase& test) {
    SCOPED_TRACE(::testing::Message() << test);
    const auto a = random_matrix<float>(test.m, test.k, 1);
    const auto b = random_matrix<float>(test.k, test.n, 2);
    const auto c = random_matrix<float>(test.m, test.n, 3);
    const Matrix<float> first = multiply(kAlgorithms[0], test, a, b, c);
    ExactProduct<float> expected = exact_product(a, b, static_cast<float>(test.alpha));
    Matrix<float> scaled = c;
    for (float& value : scaled.values) value *= static_cast<float>(test.beta);
    expected.add(scaled);
    EXPECT_TRUE(compare(first, expected));
    for (const GemmAlgorithm algorithm : kAlgorithms) {
      EXPECT_EQ(multiply(algorithm, test, a, b, c).values, first.values)
          << "algorithm " << static_cast<int>(algorithm);
    }
  }

  void expect_one_product_in_every_layout(GemmCase test) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        test.transpose_a = transpose_a;
        test.transpose_b = transpose_b;
        expect_one_product(test);
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, GemmLadderTest,
                         ::testing::Values(DeviceType::kCuda, DeviceType::kSim), device_name);

TEST_P(GemmLadderTest, EveryAlgorithmGivesTheSameProductAroundItsTiles) {
  for (const std::int64_t size : {1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 128, 129}) {
    expect_one_product_in_every_layout({.m = size, .n = size, .k = size});
  }
  expect_one_product_in_every_layout({.m = 260, .n = 36, .k = 20, .beta = 0.5f});
  expect_one_product_in_every_layout({.m = 36, .n = 260, .k = 132, .alpha = -1.5f});
}

TEST_P(GemmLadderTest, EveryAlgorithmTakesThinShapes) {
  expect_one_product_in_every_layout({.m = 100, .n = 1, .k = 64});
  expect_one_product_in_every_layout({.m = 1, .n = 100, .k = 64});
  expect_one_product_in_every_layout({.m = 130, .n = 133, .k = 1});
  expect_one_product_in_every_layout({.m = 5, .n = 7, .k = 0, .beta = 2.0f});
}

TEST_P(GemmLadderTest, EveryAlgorithmTakesUnalignedStarts) {
  for (const std::int64_t bytes : {4, 12, 36}) {
    expect_one_product_in_every_layout(
        {.m = 132, .n = 68, .k = 32, .beta = 1.0f, .misalignment_bytes = bytes});
  }
}

TEST_P(GemmLadderTest, NoAlgorithmReadsTheResultWhereBetaIsZero) {
  const auto a = random_matrix<float>(140, 20, 1);
  const auto b = random_matrix<float>(20, 132, 2);
  Matrix<float> c(140, 132);
  for (float& value : c.values) value = std::numeric_limits<float>::quiet_NaN();
  for (const GemmAlgorithm algorithm : kAlgorithms) {
    EXPECT_TRUE(
        compare(multiply(algorithm, {.m = 140, .n = 132, .k = 20}, a, b, c), exact_product(a, b)))
        << static_cast<int>(algorithm);
  }
}

TEST_P(GemmLadderTest, NoAlgorithmReadsTheFactorsWhereAlphaIsZero) {
  Matrix<float> a(33, 20);
  for (float& value : a.values) value = std::numeric_limits<float>::quiet_NaN();
  const auto b = random_matrix<float>(20, 34, 2);
  const auto c = random_matrix<float>(33, 34, 3);
  const GemmCase test{.m = 33, .n = 34, .k = 20, .alpha = 0.0f, .beta = 1.0f};
  for (const GemmAlgorithm algorithm : kAlgorithms) {
    EXPECT_EQ(multiply(algorithm, test, a, b, c).values, c.values) << static_cast<int>(algorithm);
  }
}

TEST_P(GemmLadderTest, EveryAlgorithmLeavesAnEmptyResultAlone) {
  for (const GemmAlgorithm algorithm : kAlgorithms) {
    EXPECT_TRUE(multiply(algorithm, {.m = 0, .n = 3, .k = 2}, Matrix<float>(0, 2),
                         Matrix<float>(2, 3), Matrix<float>(0, 3))
                    .values.empty());
  }
}

TEST_P(GemmLadderTest, EveryAlgorithmCarriesNanAndInfinityToTheirRowAndColumn) {
  auto a = random_matrix<float>(130, 33, 1);
  auto b = random_matrix<float>(33, 70, 2);
  a(129, 20) = std::numeric_limits<float>::quiet_NaN();
  b(32, 69) = std::numeric_limits<float>::infinity();
  for (const GemmAlgorithm algorithm : kAlgorithms) {
    const auto got =
        multiply(algorithm, {.m = 130, .n = 70, .k = 33}, a, b, Matrix<float>(130, 70));
    EXPECT_TRUE(compare(got, exact_product(a, b))) << static_cast<int>(algorithm);
  }
}

}  // namespace
}  // namespace gradvitals::test
