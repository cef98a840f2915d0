// Contract: what kernels/sim/engine.h says it reports. Oracle: kernels with one known bug each
// (planted_bugs.cuh), and the same ones without it, which must give no report in any mode. What
// needs a sanitizer is tested in builds that have it.
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <ostream>
#include <string>

#include "kernels/sim/engine.h"
#include "tests/sim/bugs.h"

namespace gradvitals::sim {

/// How GoogleTest shows a bug.
inline void PrintTo(const Bug& bug, std::ostream* out) {
  *out << bug.name;
}

namespace {

class PlantedBugTest : public ::testing::TestWithParam<Bug> {
 protected:
  /// Runs the kernel with its bug in another process, and expects the sanitizer's report.
  void expect_report(int exit_code) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto run_to_end = [&] {
      GetParam().run(true);
      std::exit(0);
    };
    if (exit_code != 0) {
      EXPECT_EXIT(run_to_end(), ::testing::ExitedWithCode(exit_code), report());
    } else {
      EXPECT_DEATH(run_to_end(), report());
    }
  }

  std::string report() const { return std::string(GetParam().report); }
};

/// A missing barrier is a data race as well, which ThreadSanitizer reports before schedules are
/// compared.
Sign sign_here(const Bug& bug) {
  return bug.sign == Sign::kSchedules && why_not_here(Sign::kThread).empty() ? Sign::kThread
                                                                             : bug.sign;
}

TEST_P(PlantedBugTest, IsReported) {
  if (const std::string reason = why_not_here(GetParam().sign); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  const auto run_planted = [] { return GetParam().run(true); };
  switch (sign_here(GetParam())) {
    case Sign::kSchedules:
      EXPECT_FALSE(is_same_in_every_schedule(run_planted));
      break;
    case Sign::kNan:
      EXPECT_TRUE(has_nan(run_planted()));
      break;
    case Sign::kFault:
      try {
        run_planted();
        ADD_FAILURE() << "no fault";
      } catch (const KernelFault& fault) {
        const ::testing::Matcher<const char*> is_expected = ::testing::ContainsRegex(report());
        EXPECT_TRUE(is_expected.Matches(fault.what())) << fault.what();
      }
      break;
    case Sign::kAddress:
      expect_report(0);
      break;
    case Sign::kThread:
      constexpr int kThreadSanitizersExitCode = 66;
      expect_report(kThreadSanitizersExitCode);
      break;
  }
}

// In a build with a sanitizer a report would fail the test's process.
TEST_P(PlantedBugTest, WithoutItNothingIsReported) {
  const auto run_correct = [] { return GetParam().run(false); };
  EXPECT_TRUE(is_same_in_every_schedule(run_correct));
  EXPECT_FALSE(has_nan(run_correct()));
}

INSTANTIATE_TEST_SUITE_P(Sim, PlantedBugTest, ::testing::ValuesIn(all_bugs()),
                         [](const ::testing::TestParamInfo<Bug>& bug) {
                           std::string name;
                           for (const char c : bug.param.name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                             if (c == ' ' || c == '-') name += '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace gradvitals::sim
