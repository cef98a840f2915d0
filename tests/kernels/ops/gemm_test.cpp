// Contract: kernels/ops/gemm.h. Oracle: a naive product in more precision. Tolerance: dot_product().
#include "kernels/ops/gemm.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/kernels/ops/gemm_case.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"
#include "tests/support/special_values.h"

namespace gradvitals::test {
namespace {

/// alpha * a b + beta * c by the op under test; a (M,K) and b (K,N) are stored as the case says.
template <class T>
Matrix<T> multiply(Stream& stream, const GemmCase& test, const Matrix<T>& a, const Matrix<T>& b,
                   const Matrix<T>& c) {
  const Matrix<T> stored_a = test.transpose_a ? transposed(a) : a;
  const Matrix<T> stored_b = test.transpose_b ? transposed(b) : b;
  const GuardedBuffer<T> a_buffer(stream, stored_a.values, test.misalignment_bytes);
  const GuardedBuffer<T> b_buffer(stream, stored_b.values, test.misalignment_bytes);
  const GuardedBuffer<T> c_buffer(stream, c.values, test.misalignment_bytes);
  gemm(stream, Gemm<T>{.a = a_buffer.matrix(stored_a.rows, stored_a.cols),
                       .b = b_buffer.matrix(stored_b.rows, stored_b.cols),
                       .c = c_buffer.matrix(c.rows, c.cols),
                       .transpose_a = test.transpose_a,
                       .transpose_b = test.transpose_b,
                       .alpha = static_cast<T>(test.alpha),
                       .beta = static_cast<T>(test.beta)});
  EXPECT_TRUE(c_buffer.guards_intact()) << test;
  Matrix<T> result(c.rows, c.cols);
  result.values = c_buffer.download();
  return result;
}

template <class T>
void expect_product(Stream& stream, const GemmCase& test) {
  const auto a = random_matrix<T>(test.m, test.k, 1);
  const auto b = random_matrix<T>(test.k, test.n, 2);
  auto c = random_matrix<T>(test.m, test.n, 3);
  const Matrix<T> got = multiply(stream, test, a, b, c);
  ExactProduct<T> expected = exact_product(a, b, static_cast<T>(test.alpha));
  for (T& value : c.values) value *= static_cast<T>(test.beta);
  expected.add(c);
  EXPECT_TRUE(compare(got, expected)) << test;
}

/// float on every device, double on cpu, where alone it exists.
void expect_products(Stream& stream, const GemmCase& test) {
  expect_product<float>(stream, test);
  if (stream.device().type == DeviceType::kCpu) expect_product<double>(stream, test);
}

void expect_products_in_every_layout(Stream& stream, GemmCase test) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      test.transpose_a = transpose_a;
      test.transpose_b = transpose_b;
      expect_products(stream, test);
    }
  }
}

class GemmTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, GemmTest, all_devices(), device_name);

TEST_P(GemmTest, MultipliesEveryShapeInEveryLayout) {
  const std::int64_t sizes[] = {0, 1, 7, 31, 32, 33, 65};
  for (const std::int64_t m : sizes) {
    for (const std::int64_t n : sizes) {
      for (const std::int64_t k : sizes) {
        expect_products_in_every_layout(stream(), {.m = m, .n = n, .k = k});
      }
    }
  }
}

TEST_P(GemmTest, MultipliesTheShapesOfTheNotebookNetworks) {
  expect_products_in_every_layout(stream(), {.m = 100, .n = 64, .k = 10});
  expect_products_in_every_layout(stream(), {.m = 100, .n = 64, .k = 64});
  expect_products_in_every_layout(stream(), {.m = 100, .n = 1, .k = 64});
  expect_products_in_every_layout(stream(), {.m = 64, .n = 1, .k = 100});
  expect_products_in_every_layout(stream(), {.m = 1, .n = 100, .k = 64});
}

TEST_P(GemmTest, MultipliesAcrossTheBlocksOfADeepSum) {
  for (const std::int64_t k : {255, 256, 257, 521}) {
    expect_products_in_every_layout(stream(), {.m = 53, .n = 37, .k = k, .beta = 0.5});
  }
}

TEST_P(GemmTest, MultipliesLargeMatrices) {
  expect_products_in_every_layout(stream(), {.m = 257, .n = 259, .k = 257, .beta = -1});
  expect_products_in_every_layout(stream(), {.m = 3, .n = 1031, .k = 131});
  expect_products_in_every_layout(stream(), {.m = 1031, .n = 5, .k = 131});
}

TEST_P(GemmTest, ScalesByAlphaAndBeta) {
  for (const double alpha : {1.0, 0.0, -2.5}) {
    for (const double beta : {0.0, 1.0, 0.75}) {
      for (const std::int64_t n : {1, 16, 37}) {
        expect_products_in_every_layout(stream(),
                                        {.m = 19, .n = n, .k = 23, .alpha = alpha, .beta = beta});
        expect_products_in_every_layout(stream(),
                                        {.m = n, .n = 19, .k = 0, .alpha = alpha, .beta = beta});
      }
    }
  }
}

TEST_P(GemmTest, AcceptsUnalignedStarts) {
  for (const std::int64_t bytes : {4, 12, 36}) {
    const GemmCase test{.m = 33, .n = 65, .k = 31, .beta = 1, .misalignment_bytes = bytes};
    for (const bool transpose : {false, true}) {
      GemmCase layout = test;
      layout.transpose_a = layout.transpose_b = transpose;
      expect_product<float>(stream(), layout);
    }
  }
}

TEST_P(GemmTest, DoesNotReadTheResultWhereBetaIsZero) {
  for (const std::int64_t size : {1, 5, 33, 270}) {
    for (const std::int64_t k : {0, 33, 270}) {
      const GemmCase test{.m = size, .n = size, .k = k};
      const auto a = random_matrix<float>(size, k, 1);
      const auto b = random_matrix<float>(k, size, 2);
      Matrix<float> c(size, size);
      for (float& value : c.values) value = kNan;
      EXPECT_TRUE(compare(multiply(stream(), test, a, b, c), exact_product(a, b))) << test;
    }
  }
}

TEST_P(GemmTest, DoesNotReadTheFactorsWhereAlphaIsZero) {
  const GemmCase test{.m = 7, .n = 9, .k = 5, .alpha = 0, .beta = 1};
  auto a = random_matrix<float>(7, 5, 1);
  a(3, 2) = kNan;
  const auto c = random_matrix<float>(7, 9, 3);
  const auto got = multiply(stream(), test, a, random_matrix<float>(5, 9, 2), c);
  expect_close(got.values, c.values, kExact);
}

TEST_P(GemmTest, KeepsNanAndInfinityInTheirRowAndColumn) {
  for (const auto& [m, n, k] : {std::tuple{33, 31, 17}, {9, 1, 70}, {1, 70, 70}, {270, 270, 270}}) {
    for (const bool transpose : {false, true}) {
      const GemmCase test{
          .m = m, .n = n, .k = k, .transpose_a = transpose, .transpose_b = transpose};
      auto a = random_matrix<float>(m, k, 1);
      auto b = random_matrix<float>(k, n, 2);
      a(m / 2, k / 3) = kNan;
      b(k / 2, n - 1) = kInf;
      const auto got = multiply(stream(), test, a, b, Matrix<float>(m, n));
      EXPECT_TRUE(compare(got, exact_product(a, b))) << test;
    }
  }
}

TEST_P(GemmTest, MakesNanOfInfinityTimesZero) {
  Matrix<float> a(2, 1);
  Matrix<float> b(1, 2);
  a.values = {kInf, 1};
  b.values = {0, 2};
  const auto got = multiply(stream(), {.m = 2, .n = 2, .k = 1}, a, b, Matrix<float>(2, 2));
  expect_close(got.values, std::vector<float>{kNan, kInf, 0, 2}, kExact);
}

TEST_P(GemmTest, GivesTheSameBitsOnEveryRun) {
  const GemmCase test{.m = 300, .n = 290, .k = 310};
  const auto a = random_matrix<float>(300, 310, 1);
  const auto b = random_matrix<float>(310, 290, 2);
  const Matrix<float> c(300, 290);
  const auto first = multiply(stream(), test, a, b, c);
  for (int run = 0; run < 5; ++run) {
    EXPECT_EQ(multiply(stream(), test, a, b, c).values, first.values);
  }
}

TEST_P(GemmTest, NamesTheShapesThatDoNotFit) {
  const GuardedBuffer<float> memory(stream(), 1000);
  float* data = memory.data();
  const MatrixView<float> a{data, 2, 3};
  const MatrixView<float> b{data + 100, 4, 5};
  const MatrixView<float> c{data + 200, 2, 5};
  expect_invalid([&] { gemm(stream(), Gemm<float>{.a = a, .b = b, .c = c}); },
                 {"gemm: a (2, 3) does not fit b (4, 5)"});
  expect_invalid([&] { gemm(stream(), Gemm<float>{.a = a, .b = b, .c = c, .transpose_a = true}); },
                 {"gemm: a^T (3, 2) does not fit b (4, 5)"});
  const MatrixView<float> fitting_b{data + 100, 3, 5};
  const MatrixView<float> wide_c{data + 200, 2, 6};
  const MatrixView<float> tall_c{data + 200, 3, 5};
  expect_invalid([&] { gemm(stream(), Gemm<float>{.a = a, .b = fitting_b, .c = wide_c}); },
                 {"gemm: c (2, 6) does not fit b (3, 5)"});
  expect_invalid([&] { gemm(stream(), Gemm<float>{.a = a, .b = fitting_b, .c = tall_c}); },
                 {"gemm: c (3, 5) does not fit a (2, 3)"});
}

TEST_P(GemmTest, RefusesNullNegativeAndSharedMemory) {
  const GuardedBuffer<float> memory(stream(), 1000);
  float* data = memory.data();
  const MatrixView<float> a{data, 2, 3};
  const MatrixView<float> b{data + 100, 3, 2};
  const MatrixView<float> c{data + 200, 2, 2};
  expect_invalid(
      [&] {
        gemm(stream(), Gemm<float>{.a = {nullptr, 2, 3}, .b = b, .c = c});
      },
      {"gemm: a (2, 3) has no data"});
  expect_invalid(
      [&] {
        gemm(stream(), Gemm<float>{.a = {data, 2, -3}, .b = b, .c = c});
      },
      {"gemm: a (2, -3) has a negative dimension"});
  expect_invalid(
      [&] {
        gemm(stream(), Gemm<float>{.a = a, .b = b, .c = {data + 5, 2, 2}});
      },
      {"gemm: c and a share memory"});
  expect_invalid(
      [&] {
        gemm(stream(), Gemm<float>{.a = a, .b = b, .c = {data + 97, 2, 2}});
      },
      {"gemm: c and b share memory"});
}

TEST(GemmProvider, RefusesCublasOnAnotherDeviceThanCuda) {
  for (const DeviceType device : {DeviceType::kCpu, DeviceType::kSim}) {
    Stream stream({.device = device});
    set_gemm_provider(stream, GemmProvider::kHandWritten);
    expect_invalid([&] { set_gemm_provider(stream, GemmProvider::kCublas); },
                   {"set_gemm_provider: cuBLAS runs on device cuda, not on", name(device)});
  }
}

TEST(CpuGemm, OneThreadAndFiveComputeTheSameProduct) {
  for (const int threads : {1, 5}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    expect_products_in_every_layout(stream, {.m = 131, .n = 100, .k = 263});
    expect_products_in_every_layout(stream, {.m = 31, .n = 1031, .k = 163});
    expect_product<float>(stream, {.m = 2053, .n = 33, .k = 64});
  }
}

}  // namespace
}  // namespace gradvitals::test
