// Contract: the example in training/trainer.h compiles, and trains. Its code comes from there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/training/training_fixtures.h"
#include "training/model_spec.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace gradvitals::test {
namespace {

TEST(TrainerExample, TrainsDigitsToNineOfTen) {
  if (!has_digits()) GTEST_SKIP() << "no digits: apt-get install python3-sklearn";
#include "trainer_example.inc"
  ASSERT_TRUE(result.validation);
  EXPECT_GT(result.validation->score, 0.9);
  EXPECT_TRUE(result.is_complete);
}

}  // namespace
}  // namespace gradvitals::test
