// Contract: monitor/report/treatment.h. Oracle: the texts below.
#include "monitor/report/treatment.h"

#include <gtest/gtest.h>

#include <limits>

namespace gradvitals::test {
namespace {

TreatmentEvent skip_event(double norm) {
  return {.kind = TreatmentKind::kSkip,
          .step = 12,
          .before = norm,
          .after = 0.0,
          .text = "Skipped: gradients are not finite."};
}

TEST(TreatmentReport, SaysWhatWasDoneInOneLine) {
  EXPECT_EQ(treatment_text(skip_event(1.0)),
            "ℹ️ INFO: step 12: Skipped: gradients are not finite.");
}

TEST(TreatmentReport, IsALineOfAHistory) {
  EXPECT_EQ(treatment_json(skip_event(2.5)),
            R"({"event":"treatment","step":12,"kind":"skip","before":2.5,"after":0.0,)"
            R"("text":"Skipped: gradients are not finite."})");
  EXPECT_NE(
      treatment_json(skip_event(std::numeric_limits<double>::quiet_NaN())).find(R"("before":null)"),
      std::string::npos);
}

TEST(TreatmentReport, CountsAgreeWithTheirWords) {
  EXPECT_EQ(treatment_summary({}),
            "0 steps clipped, 0 steps skipped, the learning rate cut 0 times");
  EXPECT_EQ(treatment_summary({.clipped_steps = 1, .skipped_steps = 2, .learning_rate_cuts = 1}),
            "1 step clipped, 2 steps skipped, the learning rate cut once");
}

}  // namespace
}  // namespace gradvitals::test
