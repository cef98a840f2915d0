// Contract: plans of many tensors and the record of all their gradients, kernels/stats/tensor_stats.h, and
// what is refused. Oracle and tolerances: those of tensor_stats_test.cpp.
#include "kernels/stats/tensor_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/graph.h"
#include "kernels/stats/tensor_stats_layout.h"
#include "tests/kernels/stats/tensor_stats_fixtures.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/special_values.h"
#include "tests/support/tensor_records.h"
#include "tests/support/tensor_stats_oracle.h"

namespace gradvitals::test {
namespace {

class TensorStatsPlanTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, TensorStatsPlanTest, all_devices(), device_name);

TEST_P(TensorStatsPlanTest, APlanOfManyKindsAgreesWithItsTensorsOneByOne) {
  std::vector<GuardedBuffer<float>> floats;
  std::vector<GuardedBuffer<double>> doubles;
  std::vector<TensorView> views;
  std::vector<TensorStats> expected;
  for (const std::int64_t size : {0, 3, 8192, 0, 20000, 1, 0}) {
    floats.emplace_back(stream(), std::span<const float>(normals<float>(size)));
    doubles.emplace_back(stream(), std::span<const double>(normals<double>(size, 1e200)));
  }
  for (std::size_t i = 0; i < floats.size(); ++i) {
    views.push_back(view_of("float", floats[i], stream().device()));
    views.push_back(view_of("double", doubles[i], stream().device()));
    expected.push_back(stats_of(stream(), floats[i].download()));
    expected.push_back(stats_of(stream(), doubles[i].download()));
  }
  std::vector<TensorStats> got = tensor_records(stream(), views);
  got.pop_back();  // Of all together.
  EXPECT_EQ(got, expected);
  for (const auto& buffer : floats) EXPECT_TRUE(buffer.guards_intact());
}

TEST_P(TensorStatsPlanTest, FiveThousandTinyTensorsEachHaveTheirRecord) {
  const std::vector<float> values = normals<float>(60'000, 1, 0.3);
  const GuardedBuffer<float> buffer(stream(), std::span<const float>(values));
  std::vector<TensorView> views;
  for (std::int64_t i = 0; i < 5000; ++i) {
    TensorView view = view_of("tiny", buffer, stream().device());
    view.data = buffer.data() + 12 * i;
    view.count = i % 13;
    views.push_back(view);
  }
  const std::vector<TensorStats> got = tensor_records(stream(), views);
  for (std::int64_t i = 0; i < 5000; ++i) {
    SCOPED_TRACE(i);
    const auto begin = values.begin() + 12 * i;
    expect_stats(got[static_cast<std::size_t>(i)],
                 oracle(std::vector<float>(begin, begin + i % 13)));
  }
}

/// `sizes` tensors cut one after the other from `values`, of role gradient but for every third, and
/// the values of those that are gradients.
template <class T>
std::vector<T> cut(const GuardedBuffer<T>& buffer, const std::vector<T>& values,
                   std::span<const std::int64_t> sizes, const Device& device,
                   std::vector<TensorView>& views) {
  std::vector<T> gradients;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    TensorView view = view_of("part", buffer, device);
    view.data = buffer.data() + begin;
    view.count = sizes[i];
    if (i % 3 == 2) view.role = Role::kWeight;
    views.push_back(view);
    const auto first = values.begin() + begin;
    if (view.role == Role::kGradient) gradients.insert(gradients.end(), first, first + sizes[i]);
    begin += sizes[i];
  }
  return gradients;
}

template <class T>
void expect_record_of_all_gradients(Stream& stream, const std::vector<T>& values,
                                    std::span<const std::int64_t> sizes) {
  const GuardedBuffer<T> buffer(stream, std::span<const T>(values));
  std::vector<TensorView> views;
  const std::vector<T> gradients = cut(buffer, values, sizes, stream.device(), views);
  expect_stats(tensor_records(stream, views).back(), oracle(gradients));
}

TEST_P(TensorStatsPlanTest, APartThatIsNothingBesideAnotherAddsNothing) {
  std::vector<double> values(2 * TensorStatsLayout::kChunkElements, 1e-310);
  std::fill_n(values.begin(), TensorStatsLayout::kChunkElements, 0.0);
  values[0] = 1e308;
  values[1] = -1e308;
  const GuardedBuffer<double> buffer(stream(), std::span<const double>(values));
  const std::vector<TensorView> views = {view_of("values", buffer, stream().device())};
  EXPECT_LT(std::fabs(tensor_records(stream(), views).front().sum), 1e-300);
}

TEST_P(TensorStatsPlanTest, TheLastRecordIsOfAllGradientsAndOfNothingElse) {
  // One chunk, several chunks, several nodes of chunks, and none at all.
  const std::int64_t sizes[] = {5, 0, 7, 8193, 20000, 3, 300'000, 1, 9000};
  std::vector<float> values = normals<float>(350'000, 1, 0.1);
  expect_record_of_all_gradients(stream(), values, sizes);
  values[8] = std::numeric_limits<float>::infinity();  // Of a weight.
  values[13] = std::numeric_limits<float>::quiet_NaN();
  values[40'000] = -std::numeric_limits<float>::infinity();
  expect_record_of_all_gradients(stream(), values, sizes);
}

TEST_P(TensorStatsPlanTest, TheRecordOfAllGradientsHoldsAtFloat64sLimits) {
  const std::int64_t sizes[] = {100, 3, 50, 9000, 100};
  expect_record_of_all_gradients(stream(), normals<double>(9300, 1e200), sizes);
  std::vector<double> values = normals<double>(9300);
  for (std::size_t i = 0; i < 100; ++i) values[i] *= 1e250;
  expect_record_of_all_gradients(stream(), values, sizes);
  for (double& value : values) value *= 1e-300;
  expect_record_of_all_gradients(stream(), values, sizes);
}

TEST_P(TensorStatsPlanTest, TheRecordOfAllGradientsHoldsWhereEachAloneJustFits) {
  const std::int64_t ones[] = {1, 1};
  expect_record_of_all_gradients(stream(), std::vector{1e154, 1e154}, ones);
  const std::int64_t twos[] = {2, 2};
  expect_record_of_all_gradients(stream(), std::vector{1e308, 1e308, -1e308, -1e308}, twos);
}

TEST_P(TensorStatsPlanTest, TheRecordOfThousandsOfGradientsIsWhole) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < 3500; ++i) sizes.push_back(i % 13);
  expect_record_of_all_gradients(stream(), normals<float>(21'000, 1, 0.3), sizes);
  const std::int64_t one[] = {40};
  expect_record_of_all_gradients(stream(), normals<float>(40), one);
}

TEST_P(TensorStatsPlanTest, WithoutAGradientTheRecordOfAllIsEmpty) {
  const GuardedBuffer<float> buffer(stream(), std::span<const float>(normals<float>(100)));
  TensorView view = view_of("weight", buffer, stream().device());
  view.role = Role::kWeight;
  EXPECT_EQ(tensor_records(stream(), std::span(&view, 1)).back(), TensorStats{});
}

TEST_P(TensorStatsPlanTest, TheSameBitsOnEveryRun) {
  const std::vector<float> values = normals<float>((1 << 20) + 1);
  EXPECT_EQ(stats_of(stream(), values), stats_of(stream(), values));
}

TEST(TensorStats, EveryThreadCountGivesTheSameBits) {
  const std::vector<float> large = normals<float>((1 << 20) + 1);
  const std::vector<double> scaled = normals<double>(300'000, 1e200);
  const std::vector<float> small = normals<float>(100);
  const auto stats = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> a(stream, std::span<const float>(large));
    const GuardedBuffer<double> b(stream, std::span<const double>(scaled));
    const GuardedBuffer<float> c(stream, std::span<const float>(small));
    const TensorView views[] = {view_of("a", a, DeviceType::kCpu),
                                view_of("b", b, DeviceType::kCpu),
                                view_of("c", c, DeviceType::kCpu)};
    return tensor_records(stream, views);
  };
  const std::vector<TensorStats> one = stats(1);
  EXPECT_EQ(one, stats(2));
  EXPECT_EQ(one, stats(3));
}

TEST(TensorStats, EveryThreadCountReadsAPlanWithEmptyTensors) {
  const std::int64_t sizes[] = {0, 0, 200'000, 0, 5, 0, 200'000, 0, 100, 200'000, 0, 0};
  const std::vector<float> values = normals<float>(600'105, 1, 0.1);
  const auto stats = [&](int threads) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    const GuardedBuffer<float> buffer(stream, std::span<const float>(values));
    std::vector<TensorView> views;
    cut(buffer, values, sizes, DeviceType::kCpu, views);
    return tensor_records(stream, views);
  };
  const std::vector<TensorStats> one = stats(1);
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    const auto first = values.begin() + begin;
    expect_stats(one[i], oracle(std::vector<float>(first, first + sizes[i])));
    begin += sizes[i];
  }
  EXPECT_EQ(one, stats(2));
  EXPECT_EQ(one, stats(3));
}

TEST_P(TensorStatsPlanTest, AnEmptyTensorMayStartAnywhere) {
  // In a file, one of no elements lies wherever the one before it ends.
  const GuardedBuffer<float> buffer(stream(), 8);
  TensorView view = view_of("empty", buffer, stream().device());
  view.data = static_cast<const char*>(view.data) + 2;
  view.count = view.rows = view.cols = 0;
  EXPECT_EQ(tensor_records(stream(), std::span(&view, 1)).front(), TensorStats{});
}

// Errors.

TEST_P(TensorStatsPlanTest, RefusesAViewItCannotReadAndNamesIt) {
  const GuardedBuffer<float> buffer(stream(), 8);
  const auto plan_of = [&](auto change) {
    return [&, change] {
      TensorView view = view_of("dense_1/kernel", buffer, stream().device());
      change(view);
      const TensorStatsPlan plan(stream(), std::span(&view, 1));
    };
  };
  expect_invalid(plan_of([](TensorView& view) { view.count = -3; }), {"dense_1/kernel", "-3"});
  expect_invalid(plan_of([&](TensorView& view) {
                   view.device = stream().device().type == DeviceType::kCuda ? DeviceType::kCpu
                                                                             : DeviceType::kCuda;
                 }),
                 {"dense_1/kernel", "cuda", name(stream().device())});
  expect_invalid(
      plan_of([](TensorView& view) { view.data = static_cast<const char*>(view.data) + 2; }),
      {"dense_1/kernel", "multiple of its 4 bytes", "F32"});
}

TEST_P(TensorStatsPlanTest, RefusesOutputThatDoesNotFitAndAnotherStream) {
  const GuardedBuffer<float> buffer(stream(), 9000);
  const TensorView view = view_of("kernel", buffer, stream().device());
  TensorStatsPlan plan(stream(), std::span(&view, 1));
  const Buffer memory(stream(), 2 * std::int64_t{sizeof(TensorStats)});
  auto* const out = static_cast<TensorStats*>(memory.data());
  expect_invalid(
      [&] {
        tensor_stats(stream(), plan, {out, 1});
      },
      {"tensor_stats", "1 records", "1 tensors", "needs 2"});
  expect_invalid([&] { tensor_stats(stream(), plan, {nullptr, 2}); }, {"tensor_stats", "out"});
  Stream other({.device = stream().device()});
  expect_invalid(
      [&] {
        tensor_stats(other, plan, {out, 2});
      },
      {"tensor_stats", "made for another stream"});
}

// Tensors that move.

/// Records of tensors where set_data() has put them are those of a plan made for them there.
TEST_P(TensorStatsPlanTest, TensorsMayMoveAndCeaseToExist) {
  constexpr std::int64_t kChunk = TensorStatsLayout::kChunkElements;
  const std::int64_t sizes[] = {5, 3 * kChunk + 7, 0, 40 * kChunk, 1};
  std::vector<std::unique_ptr<GuardedBuffer<float>>> homes;
  const auto views_of = [&](std::uint64_t seed) {
    std::vector<TensorView> views;
    for (const std::int64_t size : sizes) {
      std::vector<float> values = normals<float>(size, 1, 0.1);
      if (size > 4) values[3] = static_cast<float>(seed);
      if (size > kChunk)
        values[static_cast<std::size_t>(size) - 2] = kNan * static_cast<float>(seed);
      homes.push_back(std::make_unique<GuardedBuffer<float>>(stream(), values));
      views.push_back(view_of("t", *homes.back(), stream().device()));
      views.back().role = Role::kGradient;
    }
    return views;
  };
  const std::vector<TensorView> first = views_of(1), second = views_of(2);
  TensorStatsPlan plan(stream(), first);
  for (const std::uint32_t pattern : {0b00000U, 0b11111U, 0b01010U, 0b10111U, 0b11111U}) {
    for (const std::uint32_t missing : {0b00000U, 0b00010U, 0b11001U, 0b11111U}) {
      SCOPED_TRACE(testing::Message() << pattern << " " << missing);
      std::vector<TensorView> views;
      std::vector<const void*> data;
      for (std::size_t i = 0; i < first.size(); ++i) {
        views.push_back((pattern >> i & 1U) != 0 ? second[i] : first[i]);
        if ((missing >> i & 1U) != 0) views.back().data = nullptr;
        data.push_back(views.back().data);
      }
      plan.set_data(stream(), data);
      const std::vector<TensorStats> got = tensor_records(stream(), plan);
      EXPECT_EQ(got, tensor_records(stream(), views));
      for (std::size_t i = 0; i < views.size(); ++i) {
        EXPECT_EQ(got[i].count, views[i].data == nullptr ? 0 : sizes[i]) << i;
      }
    }
  }
}

TEST_P(TensorStatsPlanTest, RefusesPointersThatDoNotFitAndStaysAsItWas) {
  const GuardedBuffer<float> buffer(stream(), std::vector{3.0f, 4.0f});
  const TensorView view = view_of("kernel", buffer, stream().device());
  TensorStatsPlan plan(stream(), std::span(&view, 1));
  const void* const askew = static_cast<const char*>(view.data) + 2;
  expect_invalid([&] { plan.set_data(stream(), std::vector{askew}); },
                 {"tensor_stats", "pointer 0", "multiple of its 4 bytes", "F32"});
  expect_invalid([&] { plan.set_data(stream(), {}); }, {"0 pointers for a plan of 1 tensors"});
  Stream other({.device = stream().device()});
  expect_invalid([&] { plan.set_data(other, std::vector{view.data}); }, {"another stream"});
  EXPECT_EQ(tensor_records(stream(), plan).front().sum, 7.0);
}

TEST_P(TensorStatsPlanTest, AnEmptyTensorMayMoveAnywhere) {
  const GuardedBuffer<float> buffer(stream(), std::vector{3.0f, 4.0f});
  std::vector<TensorView> views(2, view_of("kernel", buffer, stream().device()));
  views[1].count = views[1].rows = views[1].cols = 0;
  TensorStatsPlan plan(stream(), views);
  const void* const askew = static_cast<const char*>(views[1].data) + 2;
  plan.set_data(stream(), std::vector{views[0].data, askew});
  EXPECT_EQ(tensor_records(stream(), plan)[0].sum, 7.0);
  EXPECT_EQ(tensor_records(stream(), plan)[1], TensorStats{});
}

class CapturedPlanTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, CapturedPlanTest, gpu_devices(), device_name);

TEST_P(CapturedPlanTest, AGraphReadsTheMemoryThatWasSetLast) {
  const GuardedBuffer<float> here(stream(), std::vector{3.0f, 4.0f});
  const GuardedBuffer<float> there(stream(), std::vector{5.0f, 12.0f});
  const TensorView view = view_of("kernel", here, stream().device());
  TensorStatsPlan plan(stream(), std::span(&view, 1));
  const Buffer memory(stream(), 2 * std::int64_t{sizeof(TensorStats)});
  auto* const out = static_cast<TensorStats*>(memory.data());
  const auto sum = [&] {
    TensorStats record;
    copy_to_host(stream(), out, sizeof(record), &record);
    return record.sum;
  };
  Graph graph(stream(), [&] { tensor_stats(stream(), plan, {out, 2}); });
  graph.launch();
  EXPECT_EQ(sum(), 7.0);
  plan.set_data(stream(), std::vector<const void*>{there.data()});
  graph.launch();
  EXPECT_EQ(sum(), 17.0);
}

TEST_P(CapturedPlanTest, TensorsThatMoveInACaptureAreRefusedAndMayMoveLater) {
  const GuardedBuffer<float> here(stream(), std::vector{3.0f, 4.0f});
  const GuardedBuffer<float> there(stream(), std::vector{5.0f, 12.0f});
  const TensorView view = view_of("kernel", here, stream().device());
  TensorStatsPlan plan(stream(), std::span(&view, 1));
  const std::vector<const void*> moved{there.data()};
  EXPECT_THROW(Graph(stream(), [&] { plan.set_data(stream(), moved); }), CudaError);
  EXPECT_EQ(tensor_records(stream(), plan).front().sum, 7.0);
  plan.set_data(stream(), moved);
  EXPECT_EQ(tensor_records(stream(), plan).front().sum, 17.0);
}

}  // namespace
}  // namespace gradvitals::test
