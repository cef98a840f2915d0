// Contract: the panel of vital signs says each reading, its status and its normal range. Oracle: lines
// typed by hand.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "monitor/report/vital_signs_text.h"

namespace gradvitals::test {
namespace {

VitalSigns signs_of_a_run() {
  VitalSigns signs;
  signs.blood_pressure = {.network = "", .range_ratio = 263.0, .status = VitalStatus::kNormal};
  signs.heart_rate = heart_rate_of(0.05, 2);
  signs.temperature = temperature_of(0.5, {});
  return signs;
}

void expect_line(const std::string& panel, const std::string& line) {
  EXPECT_NE(panel.find(line + "\n"), std::string::npos) << line << "\nnot in\n" << panel;
}

TEST(VitalSignsPanel, SaysValueStatusAndNormalRange) {
  const std::string panel = vital_signs_panel(signs_of_a_run(), {}, 0.00194);
  expect_line(
      panel,
      "   Blood pressure  largest / smallest norm        263  normal   (normal up to 1e+04)");
  expect_line(panel, "                   norm of all gradients      0.00194");
  expect_line(panel, "   Heart rate      spread of log10 norm          0.05  high");
  expect_line(panel, "                   spikes                           2  high     (normal 0)");
  expect_line(
      panel,
      "   Temperature     update / weight                0.5  high     (normal 1e-05 to 0.1)");
}

TEST(VitalSignsPanel, MarksAReadingThatIsOutOfItsRangeBelowTheFirstOfItsSign) {
  VitalSigns signs;
  signs.oxygen.dead_unit_fraction = 1.0;
  signs.oxygen.saturation_fraction = 0.1;
  signs.oxygen.forward_gain = 0.01;
  const std::string panel = vital_signs_panel(signs, {}, {});
  expect_line(panel,
              "                   forward gain per layer        0.01  low      (normal 0.2 to 5)");
  expect_line(
      panel, "                   dead units, worst layer          1  high     (normal up to 0.75)");
  expect_line(panel,
              "                   saturated, worst layer         0.1           (normal up to 0.5)");
}

TEST(VitalSignsPanel, WhereASignIsUnknownTheReadingThatIsKnownDecidesItsLine) {
  VitalSigns signs;
  signs.oxygen.dead_unit_fraction = 1.0;
  const VitalLine oxygen = deciding_lines(signs, {}).back();
  EXPECT_EQ(oxygen.reading, "dead units, worst layer");
  EXPECT_EQ(oxygen.status, VitalStatus::kHigh);
}

TEST(VitalSignsPanel, ShowsNoRangeWhereASignIsUnknown) {
  const std::string panel = vital_signs_panel({}, {}, {});
  EXPECT_EQ(panel.find("(normal"), std::string::npos) << panel;
  EXPECT_EQ(panel.find("norm of all gradients"), std::string::npos) << panel;
  expect_line(panel, "   Temperature     update / weight                  -  unknown");
}

TEST(VitalSignsPanel, RangesAreThoseOfTheLimitsGiven) {
  Thresholds limits;
  limits.range_ratio = 50;
  expect_line(vital_signs_panel(signs_of_a_run(), limits, {}),
              "   Blood pressure  largest / smallest norm        263  normal   (normal up to 50)");
}

TEST(VitalSignsPanel, FitsATerminalOf80Columns) {
  const std::string panel = vital_signs_panel(signs_of_a_run(), {}, 0.00194, {.width = 80});
  expect_line(panel,
              "   Blood pressure  largest / smallest norm        263  normal   (up to 1e+04)");
  for (const std::string& text : {panel, vital_signs_panel({}, {}, {}, {.width = 80})}) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }
}

}  // namespace
}  // namespace gradvitals::test
