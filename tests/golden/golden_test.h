// Recorded cases, each on every device.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "kernels/runtime/stream.h"
#include "tests/golden/golden_file.h"
#include "tests/support/devices.h"

namespace gradvitals::test {

using GoldenCase = std::tuple<std::string, DeviceType>;

class GoldenTest : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    const DeviceType device = std::get<DeviceType>(GetParam());
    skip_where_absent(device);
    if (IsSkipped() || HasFatalFailure()) return;
    stream_.emplace(Stream::Options{.device = device, .threads = 2});
  }

  /// The name of the recorded case.
  static const std::string& recording() { return std::get<std::string>(GetParam()); }
  Stream& stream() { return *stream_; }

 private:
  std::optional<Stream> stream_;
};

/// All cases of a kind.
inline auto on_all_devices(const std::string& kind) {
  return ::testing::Combine(::testing::ValuesIn(golden_names(kind)), all_devices());
}

inline std::string golden_case_name(const ::testing::TestParamInfo<GoldenCase>& info) {
  return std::get<std::string>(info.param) + "_" +
         std::string(name(std::get<DeviceType>(info.param)));
}

}  // namespace gradvitals::test
