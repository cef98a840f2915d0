// Contract: monitor/report/tensorboard/event_record.h. Oracles: RFC 3720's checksums, and a file
// that TensorBoard's own package wrote (tests/golden/record_tensorboard.py), byte by byte.
#include "monitor/report/tensorboard/event_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/golden/golden_file.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/support/temporary_folder.h"

namespace gradvitals::test {
namespace {

constexpr std::string_view kRecordedAbout = "What it <is>: **bold** and 5 µs.";

std::string recorded_scalars() {
  EventSummary summary;
  summary.add_scalar("training/loss", 0.1, kRecordedAbout);
  summary.add_scalar("training/loss_2", kNaN);
  summary.add_scalar("a", kInf);
  summary.add_scalar("b", -kInf);
  summary.add_scalar("c", 0.0);
  summary.add_scalar("d", -1e300);
  summary.add_scalar("e", 1e-300);
  return summary.record(1700000001.0, 0);
}

std::string recorded_texts_and_histograms() {
  ExponentHistogram gradient{.zero_count = 5, .nan_count = 6};
  for (std::int64_t i = 0; i < 9; ++i) {
    const std::int64_t count = (std::int64_t{1} << 24) + 1;
    gradient.bins.at(static_cast<std::size_t>(10 + i)) = i == 3 ? 0 : count * i + 1;
  }
  ExponentHistogram weight;
  weight.bins.front() = 1;
  weight.bins.back() = 7;
  EventSummary summary;
  summary.add_text("findings/R2", "**🚨 CRITICAL**\n\n- `dense/kernel`\n" + std::string(200, 'x'));
  summary.add_histogram("gradient_histogram/dense/kernel", gradient, kRecordedAbout);
  summary.add_histogram("weight_histogram/ß", weight);
  return summary.record(1700000002.0, std::int64_t{1} << 40);
}

TEST(EventRecord, ChecksumsAreThoseOfTheStandard) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

TEST(EventRecord, AFileIsByteByByteWhatTensorBoardsOwnPackageWrites) {
  const std::string made = version_record(1700000000.25) + session_start_record(1700000000.5, 300) +
                           recorded_scalars() + recorded_texts_and_histograms();
  const std::string expected = read_file(golden_path("tensorboard", "events", ""));
  ASSERT_EQ(made.size(), expected.size());
  EXPECT_TRUE(made == expected) << "from byte "
                                << std::ranges::mismatch(made, expected).in1 - made.begin();
}

TEST(EventRecord, ATensorWithoutAnElementInABinHasNoHistogram) {
  EventSummary summary;
  summary.add_histogram("zeros", {.zero_count = 100, .nan_count = 1});
  EXPECT_TRUE(summary.empty());
}

}  // namespace
}  // namespace gradvitals::test
