// Contract: device memory of sim as a stream hands it out: what is read before it was written is
// NaN, freed memory is inaccessible, and running out of it is an error that leaves the stream
// usable. Oracle: by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/ops/elementwise.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/stream.h"
#include "kernels/sim/gpu_model.h"

namespace gradvitals::test {
namespace {

constexpr std::int64_t kElements = 100;
constexpr std::int64_t kBytes = kElements * static_cast<std::int64_t>(sizeof(float));

class SimMemoryTest : public ::testing::Test {
 protected:
  VectorView<float> view(const Buffer& buffer) {
    return {static_cast<float*>(buffer.data()), kElements};
  }

  Buffer ones() {
    Buffer buffer(stream_, kBytes);
    const std::vector<float> values(kElements, 1.0f);
    copy_to_device(stream_, values.data(), kBytes, buffer.data());
    return buffer;
  }

  /// a + a.
  std::vector<float> doubled(VectorView<const float> a) {
    const Buffer sum(stream_, kBytes);
    add<float>(stream_, {a, a, view(sum)});
    std::vector<float> values(kElements);
    copy_to_host(stream_, sum.data(), kBytes, values.data());
    return values;
  }

  Stream stream_{{.device = DeviceType::kSim}};
};

TEST_F(SimMemoryTest, ReusedMemoryReadBeforeItIsWrittenGivesNan) {
  const void* first = nullptr;
  {
    const Buffer written = ones();
    first = written.data();
    EXPECT_EQ(doubled(view(written)), std::vector<float>(kElements, 2.0f));
  }
  // One block each waits of `written` and of the sum: the last comes first.
  const Buffer sum(stream_, kBytes);
  const Buffer unwritten(stream_, kBytes);
  ASSERT_TRUE(sum.data() == first || unwritten.data() == first) << "not reused";
  for (const Buffer* buffer : {&sum, &unwritten}) {
    for (const float value : doubled(view(*buffer))) ASSERT_TRUE(std::isnan(value)) << value;
  }
}

TEST_F(SimMemoryTest, AddressSanitizerReportsWhoTouchesMemoryThatWasGivenBack) {
#ifndef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "needs a build with AddressSanitizer";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  VectorView<float> gone;
  {
    const Buffer buffer = ones();
    gone = view(buffer);
  }
  const auto read_by_kernel = [&] {
    add<float>(stream_, {gone, gone, gone});
    std::exit(0);
  };
  const auto read_by_copy = [&] {
    float value = 0;
    copy_to_host(stream_, gone.data, sizeof(value), &value);
    std::exit(0);
  };
  const auto read_by_host = [&] {
    volatile float value = *gone.data;
    std::exit(value == 1.0f ? 0 : 1);
  };
  EXPECT_DEATH(read_by_kernel(), "use-after-poison");
  EXPECT_DEATH(read_by_copy(), "use-after-poison");
  EXPECT_DEATH(read_by_host(), "use-after-poison");
}

TEST_F(SimMemoryTest, TooLittleIsACudaErrorThatSaysHowMuchAndTheStreamGoesOn) {
  const Buffer a = ones();
  const sim::GpuScope small({.memory_bytes = 1'000'000});
  const Buffer most(stream_, 500'000);
  try {
    const Buffer more(stream_, 600'000);
    FAIL() << "there is no room for it";
  } catch (const CudaError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("cudaMalloc: cudaErrorMemoryAllocation (2), out of memory: 600.0 kB "
                           "requested, "),
              std::string::npos)
        << message;
    EXPECT_NE(message.find(" kB of 1.0 MB free, at "), std::string::npos) << message;
  }
  EXPECT_EQ(doubled(view(a)), std::vector<float>(kElements, 2.0f));
}

TEST_F(SimMemoryTest, WhatWaitsUnusedMakesRoom) {
  const sim::GpuScope small({.memory_bytes = 1'000'000});
  for (const std::int64_t bytes : {600'000, 700'000, 800'000}) {
    const Buffer buffer(stream_, bytes);
    EXPECT_EQ(buffer.bytes(), bytes);
  }
  EXPECT_EQ(stream_.memory().cached_bytes, 800'000);
}

}  // namespace
}  // namespace gradvitals::test
