// The devices that a contract suite runs on. A device that is absent here skips with its reason, so
// that the run says how many cases were skipped:
//
//   class GemmTest : public DeviceTest {};
//   INSTANTIATE_TEST_SUITE_P(Devices, GemmTest, all_devices(), device_name);
//   TEST_P(GemmTest, MultipliesByTheIdentity) { gemm(stream(), ...); }
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>

#include "kernels/ops/gemm.h"
#include "kernels/runtime/device.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// How GoogleTest shows a device.
inline void PrintTo(DeviceType device, std::ostream* out) {
  *out << name(device);
}

}  // namespace gradvitals

namespace gradvitals::test {

inline auto all_devices() {
  return ::testing::Values(DeviceType::kCpu, DeviceType::kCuda, DeviceType::kSim);
}

/// Those that run the CUDA kernels.
inline auto gpu_devices() {
  return ::testing::Values(DeviceType::kCuda, DeviceType::kSim);
}

/// The suffix of a parameterised test's name: "cpu", "cuda" or "sim".
inline std::string device_name(const ::testing::TestParamInfo<DeviceType>& info) {
  return std::string(name(info.param));
}

/// Skips the running test, with the reason, where the device is absent.
inline void skip_where_absent(DeviceType device) {
  if (is_available(device)) return;
  const std::string reason = unavailable_reason(device);
  ASSERT_FALSE(reason.empty()) << "device " << name(device) << " is absent without a reason";
  GTEST_SKIP() << reason;
}

/// cuBLAS on cuda where GRADVITALS_TEST_GEMM=cublas selects it, so that one suite serves both.
inline GemmProvider gemm_under_test(DeviceType device) {
  const char* const wanted = std::getenv("GRADVITALS_TEST_GEMM");
  if (device != DeviceType::kCuda || wanted == nullptr) return GemmProvider::kHandWritten;
  EXPECT_STREQ(wanted, "cublas");
  return GemmProvider::kCublas;
}

class DeviceTest : public ::testing::TestWithParam<DeviceType> {
 protected:
  void SetUp() override {
    skip_where_absent(GetParam());
    if (IsSkipped() || HasFatalFailure()) return;
    stream_.emplace(Stream::Options{.device = GetParam(), .threads = 2});
    set_gemm_provider(*stream_, gemm_under_test(GetParam()));
  }

  /// A stream on the device under test; on cpu with two threads, so that work is split.
  Stream& stream() { return *stream_; }

 private:
  std::optional<Stream> stream_;
};

/// 1, and `stride` on sim: of cases by the thousand that differ in their data alone, which each
/// take a simulated launch, a sim run takes every stride-th. Choose one without a factor in common
/// with the structure of the data.
inline std::int64_t case_stride(DeviceType device, std::int64_t stride) {
  return device == DeviceType::kSim ? stride : 1;
}

}  // namespace gradvitals::test
