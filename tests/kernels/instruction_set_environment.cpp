// Runs every test of the program on one instruction set: GRADVITALS_TEST_INSTRUCTION_SET=SSE4, or
// another of Highway's names. The machine that runs the tests would else check its best one only.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "tests/support/instruction_sets.h"

namespace gradvitals::test {
namespace {

// CMake looks for this.
constexpr char kSkipped[] = "not run, the instruction set ";

class InstructionSetEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* wanted = std::getenv("GRADVITALS_TEST_INSTRUCTION_SET");
    if (wanted == nullptr) return;
    for (const std::int64_t instruction_set : instruction_sets()) {
      if (std::string_view(hwy::TargetName(instruction_set)) != wanted) continue;
      if (instruction_set == instruction_sets().front()) GTEST_SKIP() << kSkipped << "is its best";
      dispatch_to(instruction_set);
      return;
    }
    GTEST_SKIP() << kSkipped << "is none of this CPU";
  }
};

[[maybe_unused]] const ::testing::Environment* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new InstructionSetEnvironment);

}  // namespace
}  // namespace gradvitals::test
