// Contract: app/chosen_loss.h. Oracle: the losses written here.
#include "app/chosen_loss.h"

#include <gtest/gtest.h>

#include <string>

#include "app/command_line.h"
#include "tests/support/texts.h"

namespace gradvitals::app {
namespace {

std::string refusal_of(const std::string& word, Activation head) {
  try {
    chosen_loss(word, "", head);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ChosenLoss, WithoutAWordTheDataDecide) {
  EXPECT_EQ(chosen_loss({}, "digits", Activation::kLinear), LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(chosen_loss({}, "fashion-mnist", Activation::kLinear), LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(chosen_loss({}, "diabetes", Activation::kLinear), LossKind::kMse);
  EXPECT_EQ(chosen_loss({}, "table.csv", Activation::kLinear), LossKind::kMse);
  EXPECT_EQ(chosen_loss({}, "", Activation::kSigmoid), LossKind::kMse);
}

TEST(ChosenLoss, AWordIsTakenWhateverTheDataAre) {
  EXPECT_EQ(chosen_loss("mse", "digits", Activation::kLinear), LossKind::kMse);
  EXPECT_EQ(chosen_loss("cross_entropy", "", Activation::kLinear), LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(chosen_loss("bce_with_logits", "", Activation::kLinear),
            LossKind::kBinaryCrossEntropyFromLogits);
}

TEST(ChosenLoss, BceIsOfProbabilitiesBehindASigmoidAlone) {
  EXPECT_EQ(chosen_loss("bce", "", Activation::kSigmoid), LossKind::kBinaryCrossEntropy);
  EXPECT_TRUE(test::contains(refusal_of("binary_cross_entropy", Activation::kLinear),
                             "the model ends with linear"));
}

TEST(ChosenLoss, AnUnknownWordIsAnsweredWithAllThatAreKnown) {
  const std::string refusal = refusal_of("mae", Activation::kLinear);
  for (const char* known : {"'mae' is not one of mse", "softmax_cross_entropy",
                            "binary_cross_entropy_from_logits", "bce_with_logits"}) {
    EXPECT_TRUE(test::contains(refusal, known)) << refusal;
  }
}

}  // namespace
}  // namespace gradvitals::app
