// Contract: kernels/baselines/norms.h. Oracle: the norms of tensor_stats, and those of plain loops
// in long double. Tolerances: float32_norm(), kStoredBFloat16, kSumSquares where sums are float64.
#include "kernels/baselines/norms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "kernels/stats/tensor_stats.h"
#include "tests/support/devices.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

using baselines::Accumulator;
using baselines::cub_reduce;
using baselines::cub_segmented_reduce;
using baselines::cublas_nrm2;
using baselines::Norms;

constexpr std::int64_t kCounts[] = {0, 1, 31, 1000, 0, 8193, 99991, (1 << 20) + 1};
constexpr std::int64_t kLargestCount = (1 << 20) + 1;

/// Tensors of normal values, the zeros of ReLU gradients among them, each in a buffer of its own.
template <class T>
class Tensors {
 public:
  explicit Tensors(Stream& stream) {
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    for (const std::int64_t count : kCounts) {
      std::vector<T> values(static_cast<std::size_t>(count));
      for (T& value : values) value = stored<T>(random() % 2 == 0 ? 0.0 : normal(random));
      norms_.push_back(static_cast<double>(std::sqrt(oracle(values).sum_squares)));
      buffers_.push_back(std::make_unique<GuardedBuffer<T>>(stream, std::span<const T>(values)));
      views_.push_back({.name = "tensor",
                        .data = buffers_.back()->data(),
                        .count = count,
                        .rows = 1,
                        .cols = count,
                        .dtype = kDTypeOf<T>,
                        .device = stream.device()});
    }
  }

  std::span<const TensorView> views() const { return views_; }
  const std::vector<double>& norms() const { return norms_; }

 private:
  std::vector<std::unique_ptr<GuardedBuffer<T>>> buffers_;
  std::vector<TensorView> views_;
  std::vector<double> norms_;
};

class NormBaselinesTest : public DeviceTest {
 protected:
  std::vector<double> norms_by(Norms& peer) {
    Buffer workspace(stream(), peer.workspace_bytes());
    peer.run(workspace);
    return peer.read(workspace);
  }

  void expect_norms(Norms& peer, const std::vector<double>& expected, const Tolerance& tolerance) {
    const std::vector<double> got = norms_by(peer);
    EXPECT_TRUE(compare(got, expected, tolerance));
    EXPECT_EQ(norms_by(peer), got) << "another run, other bits";
  }

  std::vector<double> tensor_stats_norms(std::span<const TensorView> views) {
    std::vector<TensorStats> records = tensor_records(stream(), views);
    records.pop_back();  // Of all together.
    std::vector<double> norms;
    for (const TensorStats& record : records) norms.push_back(record.l2_norm());
    return norms;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, NormBaselinesTest, ::testing::Values(DeviceType::kCuda),
                         device_name);

TEST_P(NormBaselinesTest, CubAgreesInFloat64) {
  const Tensors<float> tensors(stream());
  EXPECT_TRUE(compare(tensor_stats_norms(tensors.views()), tensors.norms(), kSumSquares));
  const auto reduce = cub_reduce(stream(), tensors.views(), Accumulator::kFloat64);
  expect_norms(*reduce, tensors.norms(), kSumSquares);
  const auto segmented = cub_segmented_reduce(stream(), tensors.views(), Accumulator::kFloat64);
  expect_norms(*segmented, tensors.norms(), kSumSquares);
}

TEST_P(NormBaselinesTest, CubAgreesInFloat32) {
  const Tensors<float> tensors(stream());
  const auto reduce = cub_reduce(stream(), tensors.views(), Accumulator::kFloat32);
  expect_norms(*reduce, tensors.norms(), float32_norm(kLargestCount));
  const auto segmented = cub_segmented_reduce(stream(), tensors.views(), Accumulator::kFloat32);
  expect_norms(*segmented, tensors.norms(), float32_norm(kLargestCount));
}

TEST_P(NormBaselinesTest, CublasAgrees) {
  const Tensors<float> singles(stream());
  expect_norms(*cublas_nrm2(stream(), singles.views()), singles.norms(),
               float32_norm(kLargestCount));
  const Tensors<BFloat16> halves(stream());
  expect_norms(*cublas_nrm2(stream(), halves.views()), halves.norms(), kStoredBFloat16);
}

TEST_P(NormBaselinesTest, RefuseADtypeThatTheyDoNotTake) {
  const TensorView view{.name = "tensor", .dtype = DType::kFloat64, .device = stream().device()};
  const std::span<const TensorView> views(&view, 1);
  expect_invalid([&] { cublas_nrm2(stream(), views); }, {"cublas_nrm2", "float64"});
  expect_invalid([&] { cub_reduce(stream(), views, Accumulator::kFloat64); },
                 {"cub_reduce", "not float32"});
  expect_invalid([&] { cub_segmented_reduce(stream(), views, Accumulator::kFloat64); },
                 {"cub_segmented_reduce", "not float32"});
}

TEST(NormBaselines, RefuseAnotherDevice) {
  Stream stream;
  expect_invalid([&] { cublas_nrm2(stream, {}); }, {"cublas_nrm2: the stream is on another"});
  expect_invalid([&] { cub_reduce(stream, {}, Accumulator::kFloat64); },
                 {"cub_reduce: the stream is on another"});
  expect_invalid([&] { cub_segmented_reduce(stream, {}, Accumulator::kFloat64); },
                 {"cub_segmented_reduce: the stream is on another"});
}

}  // namespace
}  // namespace gradvitals::test
