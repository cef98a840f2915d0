// Contract: a healthy network learns Fashion-MNIST under watch, and is called healthy from its first
//           check-up to its last.
// Oracle:   the accuracy that such a network is known to reach (87 % in 10 epochs and more).
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include "training/model_spec.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace gradvitals::test {
namespace {

TEST(FashionMnist, IsLearntToMoreThan87PercentAndFoundHealthy) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "no fashion-mnist: apt-get install dataset-fashion-mnist";
  }
  Stream stream({.device = DeviceType::kCpu});
  const TrainingData data = load_training_data({.data = "fashion-mnist"});
  Sequential model = build_model(stream, parse_model_spec("784-128-relu-64-relu-10"), {.seed = 1});
  Trainer trainer(stream, model, data,
                  {.loss = LossKind::kSoftmaxCrossEntropy,
                   .optimizer = {.kind = OptimizerKind::kAdam},
                   .learning_rate = {.base = 1e-3},
                   .batch = 100,
                   .epochs = 10});
  const TrainingResult result = trainer.run();
  EXPECT_EQ(result.steps, 6000);
  ASSERT_TRUE(result.validation.has_value());
  EXPECT_EQ(result.validation->samples, 10000);
  EXPECT_GE(result.validation->score, 0.87);
  EXPECT_LT(trainer.tracker().worst_severity(), Severity::kWarning);
  EXPECT_EQ(trainer.tracker().verdict(), Verdict::kHealthy);
  std::cout << 100.0 * result.validation->score << " % of 10,000 samples\n";
}

}  // namespace
}  // namespace gradvitals::test
