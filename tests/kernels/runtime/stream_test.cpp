// Contract: kernels/runtime/stream.h.
#include "kernels/runtime/stream.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "kernels/ops/random.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/event.h"
#include "kernels/runtime/graph.h"
#include "kernels/sim/queue.h"
#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/tensor_records.h"

namespace gradvitals::test {
namespace {

class StreamTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, StreamTest, all_devices(), device_name);

TEST_P(StreamTest, KnowsItsDevice) {
  EXPECT_EQ(stream().device(), Device(GetParam()));
  stream().synchronize();
}

TEST_P(StreamTest, CopiesNameTheSameQueue) {
  const Stream copy = stream();
  EXPECT_EQ(copy, stream());
  EXPECT_EQ(copy.backend(), stream().backend());
  EXPECT_NE(copy, Stream({.device = GetParam()}));
}

TEST_P(StreamTest, AMoveLeavesAHandleThatWorks) {
  Stream moved = std::move(stream());
  EXPECT_EQ(moved, stream());
  stream() = std::move(moved);
  EXPECT_EQ(stream().device(), Device(GetParam()));
  stream().synchronize();
  moved.synchronize();  // NOLINT(bugprone-use-after-move): what the test is about.
}

TEST(CpuStream, TakesTheThreadsItIsGiven) {
  EXPECT_EQ(Stream({.device = DeviceType::kCpu, .threads = 3}).threads(), 3);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  EXPECT_EQ(Stream().threads(), std::max(1, cores));
}

TEST(CpuStream, RefusesNegativeThreads) {
  expect_invalid([] { Stream stream({.device = DeviceType::kCpu, .threads = -2}); },
                 {"Stream: -2 threads is negative"});
}

TEST(Stream, SaysWhyADeviceCannotBeUsed) {
  for (const DeviceType device : {DeviceType::kCuda, DeviceType::kSim}) {
    if (is_available(device)) continue;
    try {
      Stream stream({.device = device});
      ADD_FAILURE() << "a stream on the absent device " << name(device);
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.what(), "device " + std::string(name(device)) +
                                  " cannot be used: " + unavailable_reason(device));
    }
  }
}

TEST(Stream, ADeviceThatIsNotThereIsNamedWithHowManyThereAre) {
  for (const auto& [device, reason] :
       {std::pair(Device(DeviceType::kCpu, 1),
                  "device cpu:1 cannot be used: there is one, of index 0"),
        std::pair(Device(DeviceType::kSim, 2),
                  "device sim:2 cannot be used: there are 2, from index 0")}) {
    try {
      Stream stream({.device = device});
      ADD_FAILURE() << "a stream on " << name(device);
    } catch (const DeviceError& error) {
      EXPECT_STREQ(error.what(), reason);
    }
  }
}

TEST(Device, NamesAreReadAsTheyAreWritten) {
  for (const Device& device :
       {Device(DeviceType::kCpu), Device(DeviceType::kCuda, 3), Device(DeviceType::kSim, 1)}) {
    EXPECT_EQ(parse_device(name(device)), device);
  }
  EXPECT_EQ(name(Device(DeviceType::kCuda, 3)), "cuda:3");
  EXPECT_EQ(parse_device("cuda:0"), Device(DeviceType::kCuda));
  for (const char* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999999999", ":1"}) {
    EXPECT_FALSE(parse_device(text).has_value()) << text;
  }
}

/// The simulator refuses a kernel in a queue of another device than the calling thread's, as CUDA does.
class SecondDeviceTest : public ::testing::Test {
 protected:
  Stream stream_{{.device = {DeviceType::kSim, 1}}};
};

TEST_F(SecondDeviceTest, EveryCallBindsItsDeviceAndLeavesTheCallersBehind) {
  ASSERT_EQ(sim::current_device(), 0);
  EXPECT_EQ(stream_.device(), Device(DeviceType::kSim, 1));
  Buffer memory(stream_, 4 * sizeof(float));
  EXPECT_EQ(memory.device(), Device(DeviceType::kSim, 1));
  auto* const values = static_cast<float*>(memory.data());
  fill_uniform(stream_, FillUniform<float>{.key = {1, 2}, .out = {values, 4}});
  const TensorView view{
      .name = "w", .data = values, .count = 4, .rows = 1, .cols = 4, .device = stream_.device()};
  EXPECT_EQ(tensor_records(stream_, std::span(&view, 1)).front().count, 4);
  Event event(stream_);
  event.record();
  event.wait();
  Graph graph(stream_, [&] { fill_zero(stream_, values, 4 * sizeof(float)); });
  graph.launch();
  stream_.synchronize();
  EXPECT_EQ(tensor_records(stream_, std::span(&view, 1)).front().zero_count, 4);
  EXPECT_EQ(sim::current_device(), 0);
}

TEST_F(SecondDeviceTest, AViewOfTheFirstIsRefused) {
  const Buffer memory(stream_, 4 * sizeof(float));
  const TensorView view{.name = "w",
                        .data = memory.data(),
                        .count = 4,
                        .rows = 1,
                        .cols = 4,
                        .device = DeviceType::kSim};
  expect_invalid([&] { return tensor_records(stream_, std::span(&view, 1)); },
                 {"view 'w' is on sim, the stream on sim:1"});
}

TEST(WrappedStream, WorksInAQueueThatSomebodyElseKeeps) {
  sim::WorkQueue queue(1);
  const Device device(DeviceType::kSim, 1);
  {
    Stream stream = Stream::wrap(device, &queue);
    EXPECT_EQ(stream.device(), device);
    const Buffer memory(stream, 4 * sizeof(float));
    fill_bits(stream, {.key = {1, 2}, .out = {static_cast<std::uint32_t*>(memory.data()), 4}});
    // In the queue itself: what it is told to keep is not run.
    queue.begin_capture();
    fill_zero(stream, memory.data(), 4 * sizeof(float));
    const std::unique_ptr<sim::CapturedWork> kept(queue.end_capture());
    EXPECT_EQ(kept->items.size(), 1);
  }
  queue.synchronize();  // It is still there.
}

TEST(WrappedStream, RefusesTheCpuWhichHasNoQueue) {
  expect_invalid([] { return Stream::wrap(DeviceType::kCpu, nullptr); },
                 {"Stream::wrap", "device cpu", "has no queue"});
}

}  // namespace
}  // namespace gradvitals::test
