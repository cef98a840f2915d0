// Contract: kernels/runtime/graph.h and kernels/runtime/event.h. Oracle: the same ops called one by one.
#include "kernels/runtime/graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/ops/elementwise.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/event.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/guarded_buffer.h"

namespace gradvitals::test {
namespace {

class GraphTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // CUDA loads a kernel when it is first launched, which may wait: not in a capture.
    const GuardedBuffer<float> one(stream(), std::vector{1.0f});
    accumulate(one, one);
    stream().synchronize();
  }

  /// sum += x
  void accumulate(const GuardedBuffer<float>& x, const GuardedBuffer<float>& sum) {
    add<float>(stream(), {sum.vector(), x.vector(), sum.vector()});
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, GraphTest, gpu_devices(), device_name);

TEST_P(GraphTest, IsSupported) {
  EXPECT_TRUE(Graph::is_supported(stream()));
}

TEST_P(GraphTest, CaptureRunsNothingAndEveryLaunchRunsAll) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f, 2.0f, 3.0f});
  const GuardedBuffer<float> sum(stream(), std::vector<float>(3));
  Graph graph(stream(), [&] {
    accumulate(x, sum);
    accumulate(x, sum);
  });
  EXPECT_EQ(sum.download(), (std::vector{0.0f, 0.0f, 0.0f}));
  graph.launch();
  EXPECT_EQ(sum.download(), (std::vector{2.0f, 4.0f, 6.0f}));
  graph.launch();
  EXPECT_EQ(sum.download(), (std::vector{4.0f, 8.0f, 12.0f}));
}

TEST_P(GraphTest, ReadsWhatIsInItsMemoryAtEachLaunch) {
  GuardedBuffer<float> x(stream(), std::vector{1.0f});
  const GuardedBuffer<float> sum(stream(), std::vector<float>(1));
  Graph graph(stream(), [&] {
    fill_zero(stream(), sum.data(), sizeof(float));
    accumulate(x, sum);
  });
  for (const float value : {5.0f, -7.0f}) {
    x.upload(std::vector{value});
    graph.launch();
    EXPECT_EQ(sum.download(), std::vector{value});
  }
}

TEST_P(GraphTest, MemoryOfTheCaptureIsReservedWhileTheGraphLives) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f, 2.0f});
  const GuardedBuffer<float> out(stream(), std::vector<float>(2));
  constexpr std::int64_t kBytes = 2 * sizeof(float);
  { const Buffer made_before(stream(), kBytes); }
  const void* scratch = nullptr;
  std::optional<Graph> graph(std::in_place, stream(), [&] {
    const Buffer buffer(stream(), kBytes);
    scratch = buffer.data();
    const VectorView<float> twice{static_cast<float*>(buffer.data()), 2};
    add<float>(stream(), {x.vector(), x.vector(), twice});
    add<float>(stream(), {twice, x.vector(), out.vector()});
  });
  {
    // Allocations of that size get other memory while the graph lives, and keep it.
    const GuardedBuffer<float> kept(stream(), std::vector{8.0f, 9.0f});
    std::vector<Buffer> others;
    for (int i = 0; i < 3; ++i) EXPECT_NE(others.emplace_back(stream(), kBytes).data(), scratch);
    graph->launch();
    EXPECT_EQ(out.download(), (std::vector{3.0f, 6.0f}));
    EXPECT_EQ(kept.download(), (std::vector{8.0f, 9.0f}));
  }
  graph.reset();
  std::vector<const void*> again;
  std::vector<Buffer> buffers;
  for (int i = 0; i < 4; ++i) again.push_back(buffers.emplace_back(stream(), kBytes).data());
  EXPECT_NE(std::ranges::find(again, scratch), again.end()) << "the memory did not come back";
}

TEST_P(GraphTest, MemoryFreedAfterTheCaptureWaitsForTheGraph) {
  constexpr std::int64_t kBytes = 2 * sizeof(float);
  { const Buffer made_before(stream(), kBytes); }
  Buffer held;
  std::optional<Graph> graph(std::in_place, stream(), [&] {
    held = Buffer(stream(), kBytes);
    fill_zero(stream(), held.data(), kBytes);
  });
  const void* memory = held.data();
  held = Buffer();
  EXPECT_NE(Buffer(stream(), kBytes).data(), memory);
  graph.reset();
  std::vector<const void*> again;
  std::vector<Buffer> buffers;
  for (int i = 0; i < 2; ++i) again.push_back(buffers.emplace_back(stream(), kBytes).data());
  EXPECT_NE(std::ranges::find(again, memory), again.end());
}

TEST_P(GraphTest, WhoWaitsForTheStreamCannotBeCaptured) {
  EXPECT_THROW(Graph(stream(), [&] { stream().synchronize(); }), CudaError);
  const GuardedBuffer<float> x(stream(), std::vector{1.0f});
  float value = 0;
  EXPECT_THROW(Graph(stream(), [&] { copy_to_host(stream(), x.data(), 4, &value); }), CudaError);
  stream().synchronize();
  EXPECT_EQ(x.download(), std::vector{1.0f}) << "the stream is usable after a failed capture";
}

TEST_P(GraphTest, WhoTakesNewDeviceMemoryCannotBeCaptured) {
  constexpr std::int64_t kBytes = 12345;
  EXPECT_THROW(Graph(stream(), [&] { const Buffer buffer(stream(), kBytes); }), CudaError);
  { const Buffer made_before(stream(), kBytes); }
  const Graph graph(stream(), [&] { const Buffer buffer(stream(), kBytes); });
}

TEST_P(GraphTest, AnExceptionEndsTheCapture) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f});
  EXPECT_THROW(Graph(stream(), [] { throw std::runtime_error("mine"); }), std::runtime_error);
  accumulate(x, x);
  EXPECT_EQ(x.download(), std::vector{2.0f});
}

TEST_P(GraphTest, LaunchesAfterAMove) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f});
  Graph first(stream(), [&] { accumulate(x, x); });
  Graph moved = std::move(first);
  moved.launch();
  EXPECT_EQ(x.download(), std::vector{2.0f});
}

TEST(CpuGraph, IsRefused) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  EXPECT_FALSE(Graph::is_supported(stream));
  expect_invalid([&] { Graph(stream, [] {}); }, {"Graph", "cpu"});
}

class EventTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, EventTest, all_devices(), device_name);

TEST_P(EventTest, HasPassedBeforeItIsRecordedAndAfterItsWait) {
  Event event(stream());
  EXPECT_TRUE(event.has_passed());
  event.wait();
  event.record();
  event.wait();
  EXPECT_TRUE(event.has_passed());
}

TEST_P(EventTest, BringsACopyHome) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f, 2.0f});
  HostBuffer host(stream(), 2 * sizeof(float));
  Event event(stream());
  copy_to_host_async(stream(), x.data(), 2 * sizeof(float), host);
  event.record();
  event.wait();
  const auto* values = static_cast<const float*>(host.data());
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[1], 2.0f);
}

TEST_P(EventTest, CopiesOnlyWhatFits) {
  const GuardedBuffer<float> x(stream(), std::vector{1.0f, 2.0f});
  HostBuffer host(stream(), 4);
  expect_invalid([&] { copy_to_host_async(stream(), x.data(), 8, host); },
                 {"copy_to_host_async", "8 bytes", "4"});
  expect_invalid([&] { copy_to_host_async(stream(), nullptr, 4, host); },
                 {"copy_to_host_async", "source is null"});
  expect_invalid([&] { copy_to_host_async(stream(), x.data(), -1, host); },
                 {"copy_to_host_async", "-1 bytes"});
}

}  // namespace
}  // namespace gradvitals::test
