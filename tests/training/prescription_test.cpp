// Contract: training/prescription.h. Oracle: networks whose sickness has one cure, and the definitions
//           of what trains and what comes first, applied to the trials of the report.
#include "training/prescription.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "framework/initializers.h"
#include "framework/layers/dense.h"
#include "tests/support/expect_close.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/texts.h"
#include "tests/training/training_fixtures.h"
#include "training/evaluation.h"
#include "training/trial.h"

namespace gradvitals::test {
namespace {

class PrescriptionTest : public testing::Test {
 protected:
  /// Rings in three classes, of which 45 are held out.
  static TrainingPlan rings(std::string_view spec) {
    return {.network = plan_of(parse_model_spec(spec), {.seed = 3}),
            .data = std::make_shared<const TrainingData>(ring_data(450)),
            .options = {.loss = LossKind::kSoftmaxCrossEntropy, .learning_rate = {.base = 0.01}},
            .judged_by = LossKind::kSoftmaxCrossEntropy};
  }

  PrescriptionReport prescribed(TrainingPlan plan, std::int64_t steps) {
    return prescribe(stream_, std::move(plan), {.steps = steps});
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
};

/// Ten layers of 16: relu learns the rings, and sigmoid none of it.
constexpr char kDeepSigmoid[] =
    "2-16-sigmoid-16-sigmoid-16-sigmoid-16-sigmoid-16-sigmoid-16-sigmoid-16-sigmoid-16-sigmoid-3";

const Trial& trial_of(const PrescriptionReport& report, std::string_view name) {
  const auto found =
      std::ranges::find_if(report.trials, [&](const Trial& trial) { return title(trial) == name; });
  if (found == report.trials.end()) throw std::invalid_argument(std::string(name));
  return *found;
}

TEST_F(PrescriptionTest, FindsAFixThatTrainsWhereADeepSigmoidNetworkDoesNot) {
  const PrescriptionReport report = prescribed(rings(kDeepSigmoid), 200);
  EXPECT_EQ(report.outcome, PrescriptionOutcome::kHelps);
  const Trial& as_it_is = trial_of(report, "as it is");
  EXPECT_EQ(as_it_is.before.verdict, Verdict::kVanishing);
  EXPECT_EQ(as_it_is.after.verdict, Verdict::kVanishing);
  EXPECT_FALSE(as_it_is.trains);
  EXPECT_LT(as_it_is.before.backward_factor.value(), 0.02);
  const Trial& relu = trial_of(report, "relu with He values");
  EXPECT_TRUE(relu.trains);
  EXPECT_EQ(relu.after.verdict, Verdict::kHealthy);
  EXPECT_TRUE(report.trials.front().trains);
}

TEST_F(PrescriptionTest, RanksByTheLossOfWhatIsHeldOut) {
  const PrescriptionReport report = prescribed(rings("2-8-sigmoid-8-sigmoid-3"), 60);
  EXPECT_TRUE(report.is_held_out);
  EXPECT_EQ(report.judged_samples, 45);
  EXPECT_EQ(report.loss, "softmax_cross_entropy");
  EXPECT_EQ(report.score_name, "accuracy");
  const double unit = kLossResolution * report.constant_loss;
  for (std::size_t i = 1; i < report.trials.size(); ++i) {
    EXPECT_LE(std::floor(report.trials[i - 1].after.loss / unit),
              std::floor(report.trials[i].after.loss / unit));
  }
  for (const Trial& trial : report.trials) {
    EXPECT_EQ(trial.trains, trial.after.loss <= 0.9 * report.constant_loss) << title(trial);
  }
  EXPECT_EQ(report.trains_below, 0.9 * report.constant_loss);
}

TEST_F(PrescriptionTest, TrainsTheNetworkAsItIsLikeATrainerOfTheSameOptions) {
  const TrainingPlan plan = rings("2-8-relu-3");
  const Trial as_it_is = trial_of(prescribed(plan, 30), "as it is");
  Sequential model = build_model(stream_, parse_model_spec("2-8-relu-3"), {.seed = 3});
  TrainerOptions options = plan.options;
  options.steps = 30;
  Trainer trainer(stream_, model, *plan.data, options);
  EXPECT_EQ(as_it_is.before.loss, trainer.evaluate().value().loss);
  trainer.run();
  EXPECT_EQ(as_it_is.after.loss, trainer.evaluate().value().loss);
  EXPECT_EQ(as_it_is.after.score, trainer.evaluate().value().score);
}

bool says(const Trial& trial, std::string_view words) {
  return std::ranges::any_of(trial.changes,
                             [&](const std::string& change) { return contains(change, words); });
}

TEST_F(PrescriptionTest, WhoDoesWhatTheWordsSayHasTheLossOfTheTrial) {
  // Inputs far from standardised, so that this remedy is among them.
  TrainingPlan plan = rings("2-8-sigmoid-8-sigmoid-3");
  auto data = std::make_shared<TrainingData>(*plan.data);
  for (Samples* const samples : {&data->training, &data->validation}) {
    for (float& x : samples->x) x = 8 * x + 40;
  }
  plan.data = data;
  constexpr std::int64_t kSteps = 40;
  const PrescriptionReport report = prescribed(plan, kSteps);

  const auto trained_loss = [&](Sequential model, const TrainingData& on, LearningRate rate,
                                const StepControls& controls) {
    TrainerOptions options = plan.options;
    options.steps = kSteps;
    options.learning_rate = rate;
    Trainer trainer(stream_, model, on, options);
    trainer.set_controls(controls);
    trainer.run();
    return trainer.evaluate().value().loss;
  };
  const auto as_it_is = [&] {
    return build_model(stream_, parse_model_spec("2-8-sigmoid-8-sigmoid-3"), {.seed = 3});
  };
  EXPECT_TRUE(trial_of(report, "as it is").changes.empty());

  // The words name He's values for the hidden layers alone; the last layer keeps what it had.
  const Trial& relu = trial_of(report, "relu with He values");
  EXPECT_EQ(relu.network, "2-8-relu-8-relu-3");
  ASSERT_EQ(relu.changes.size(), 1U);
  EXPECT_TRUE(says(relu, "He initial values")) << relu.changes[0];
  EXPECT_TRUE(says(relu, "sqrt(2 / inputs)) in dense layers 1 to 2, biases 0")) << relu.changes[0];
  const Dense::Options he{.kernel_initializer = HeNormal{}};
  EXPECT_EQ(relu.after.loss,
            trained_loss(Sequential(stream_, {.name = "Model", .input_shape = {2}, .seed = 3},
                                    Dense(8, Activation::kRelu, he),
                                    Dense(8, Activation::kRelu, he), Dense(3)),
                         *data, {.base = 0.01}, {}));

  const Trial& warm = trial_of(report, "warm-up");
  EXPECT_TRUE(says(warm, "step s of the first 8, from 0, has 0.01 * (s + 1) / 8"));
  EXPECT_EQ(warm.after.loss,
            trained_loss(as_it_is(), *data, {.base = 0.01, .warmup_steps = 8}, {}));

  const Trial& scaled = trial_of(report, "standardised inputs");
  EXPECT_TRUE(says(scaled, "inputs standardised: (x - mean) / deviation, of each column"));
  EXPECT_EQ(scaled.changes.size(), 1U);
  // In this order the numbers round as the library's.
  TrainingData by_hand = *data;
  for (std::size_t column = 0; column < 2; ++column) {
    long double mean = 0, variance = 0;
    const std::vector<float>& x = data->training.x;
    const auto rows = static_cast<long double>(data->training.rows);
    for (std::size_t i = column; i < x.size(); i += 2) mean += x[i];
    mean /= rows;
    for (std::size_t i = column; i < x.size(); i += 2) variance += (x[i] - mean) * (x[i] - mean);
    const auto deviation = static_cast<double>(std::sqrt(variance / rows));
    for (Samples* const samples : {&by_hand.training, &by_hand.validation}) {
      for (std::size_t i = column; i < samples->x.size(); i += 2) {
        samples->x[i] = static_cast<float>((samples->x[i] - static_cast<double>(mean)) / deviation);
      }
    }
  }
  EXPECT_EQ(scaled.after.loss, trained_loss(as_it_is(), by_hand, {.base = 0.01}, {}));
}

TEST_F(PrescriptionTest, WordsNameClippingInitialValuesAndHowOutputsAreRead) {
  TrainingPlan plan = rings("2-16-relu-3");
  // Far too large: of gradients, too.
  plan.network = plan_of(parse_model_spec("2-16-relu-3"),
                         {.seed = 3, .kernel_initializer = RandomNormal{.stddev = 20.0}});
  plan.options.loss = plan.judged_by = LossKind::kMse;
  const PrescriptionReport report = prescribed(plan, 10);
  const Trial& softmax = trial_of(report, "softmax cross entropy");
  EXPECT_TRUE(says(softmax, "predictions are the softmax of the outputs"));
  EXPECT_TRUE(says(softmax,
                   "Glorot initial values (uniform, within +-sqrt(6 / (inputs + units))) "
                   "in dense layer 2, biases 0"));
  const Trial& by_fans = trial_of(report, "He and Glorot values");
  EXPECT_EQ(by_fans.changes.size(), 2U);
  EXPECT_TRUE(says(by_fans, "in dense layer 1, biases 0"));
  const Trial& clipped = trial_of(report, "clipping to norm 1");
  EXPECT_TRUE(says(clipped, "gradients clipped to a norm of 1 (L2 of all together)"));
  EXPECT_TRUE(says(clipped, "steps with NaN or Inf in their gradients skipped"));
}

TEST_F(PrescriptionTest, HasTheCommandThatItIsGivenForEachTrial) {
  const PrescriptionReport report = prescribe(
      stream_, rings("2-8-sigmoid-3"),
      {.steps = 4, .command_of = [](const TrainingPlan& plan, const GradientSymptoms& symptoms) {
         EXPECT_GT(symptoms.largest_norm, 0.0);
         return text(plan.network) + " " + summary(plan.options.learning_rate);
       }});
  for (const Trial& trial : report.trials) {
    EXPECT_EQ(trial.command, trial.network + " " + trial.learning_rate);
  }
}

TEST_F(PrescriptionTest, GivesTheSameBitsAgain) {
  const auto document = [&] { return prescription_json(prescribed(rings(kDeepSigmoid), 20)); };
  EXPECT_EQ(document(), document());
}

TEST_F(PrescriptionTest, TellsOfEachTrialOnceAndTriesNoPairOfOneKind) {
  std::vector<std::string> told;
  const PrescriptionReport report = prescribe(
      stream_, rings("2-8-sigmoid-8-sigmoid-3"),
      {.steps = 40, .on_trial = [&](const Trial& trial) { told.push_back(title(trial)); }});
  EXPECT_EQ(told.front(), "as it is");
  EXPECT_EQ(told.size(), report.trials.size());
  std::vector<std::string> titles;
  for (const Trial& trial : report.trials) titles.push_back(title(trial));
  std::ranges::sort(titles);
  std::ranges::sort(told);
  EXPECT_EQ(titles, told);
  EXPECT_EQ(std::ranges::adjacent_find(titles), titles.end());
  const auto pairs = std::ranges::count_if(
      report.trials, [](const Trial& trial) { return trial.remedies.size() > 1; });
  EXPECT_GE(pairs, 1);
  EXPECT_LE(pairs, 3);
  EXPECT_EQ(std::ranges::find(titles, "relu with He values + gelu with He values"), titles.end());
}

TEST_F(PrescriptionTest, FindsNothingBetterThanANetworkThatIsWell) {
  // Learnt by heart whatever is changed: no loss is clearly below nothing.
  TrainingPlan plan{.network = plan_of(parse_model_spec("1-1"), {.seed = 3}),
                    .data = std::make_shared<const TrainingData>(TrainingData{
                        .name = "line",
                        .features = 1,
                        .outputs = 1,
                        .training = {.rows = 4, .x = {-1, -0.5F, 0.5F, 1}, .y = {-2, -1, 1, 2}}}),
                    .options = {.learning_rate = {.base = 0.1}}};
  const PrescriptionReport report = prescribed(std::move(plan), 300);
  EXPECT_EQ(report.outcome, PrescriptionOutcome::kNothingBetter);
  EXPECT_TRUE(trial_of(report, "as it is").trains);
  EXPECT_FALSE(report.is_held_out);
}

TEST_F(PrescriptionTest, CallsANetworkThatHasConvergedHealthyThoughItsGradientsAreNextToNothing) {
  TrainingPlan plan{
      .network = plan_of(parse_model_spec("1-1"), {.seed = 3}),
      .data = std::make_shared<const TrainingData>(
          TrainingData{.name = "line",
                       .features = 1,
                       .outputs = 1,
                       .training = {.rows = 4, .x = {-1, -0.5F, 0.5F, 1}, .y = {-2, -1, 1, 2}}}),
      .options = {.optimizer = {.kind = OptimizerKind::kSgd}, .learning_rate = {.base = 0.3}}};
  const Trial as_it_is = trial_of(prescribed(std::move(plan), 400), "as it is");
  EXPECT_LT(as_it_is.after.loss, 1e-10);
  EXPECT_EQ(as_it_is.after.verdict, Verdict::kHealthy);
  EXPECT_LE(as_it_is.after.severity, Severity::kInfo);
}

TEST_F(PrescriptionTest, SaysThatNothingTrainsWhereNothingDoes) {
  const PrescriptionReport report = prescribed(rings("2-8-relu-3"), 1);
  EXPECT_EQ(report.outcome, PrescriptionOutcome::kNothingTrains);
}

TEST_F(PrescriptionTest, PutsWhatIsNotFiniteLast) {
  TrainingPlan plan = rings("2-8-sigmoid-3");
  plan.options.optimizer.kind = OptimizerKind::kSgd;
  plan.options.learning_rate.base = 1e38;
  const PrescriptionReport report = prescribed(std::move(plan), 20);
  bool is_finite = true;
  for (const Trial& trial : report.trials) {
    EXPECT_TRUE(is_finite || !std::isfinite(trial.after.loss)) << title(trial);
    is_finite = std::isfinite(trial.after.loss);
    EXPECT_TRUE(is_finite || !trial.trains);
  }
  EXPECT_FALSE(is_finite);
}

TEST_F(PrescriptionTest, JudgesANetworkTrainedOnAnotherLossByItsProbabilities) {
  // The rings by mse of a sigmoid: with a softmax, mse is that of its probabilities.
  TrainingPlan plan = rings("2-16-relu-3-sigmoid");
  plan.options.loss = plan.judged_by = LossKind::kMse;
  const PrescriptionReport report = prescribed(std::move(plan), 100);
  EXPECT_EQ(report.loss, "mse");
  const Trial& softmax = trial_of(report, "softmax cross entropy");
  EXPECT_EQ(softmax.loss, "softmax_cross_entropy");
  EXPECT_EQ(softmax.network, "2-16-relu-3");
  EXPECT_TRUE(softmax.trains);
  EXPECT_LT(softmax.after.loss, 0.25);  // Of probabilities; logits of these rings are far from 1.
}

TEST_F(PrescriptionTest, RefusesWhatCannotTellRemediesApart) {
  expect_invalid([&] { prescribed(rings("2-8-3"), 0); }, {"steps is 0"});
  TrainingPlan constant = rings("2-8-3");
  auto data = std::make_shared<TrainingData>(*constant.data);
  for (std::size_t i = 0; i < data->training.y.size(); ++i) data->training.y[i] = i % 3 == 0;
  constant.data = data;
  expect_invalid([&] { prescribed(constant, 5); }, {"rings", "all targets are the same"});
}

TEST(RunTrial, LooksAtTheNetworkBehindItsLastUpdateForAnyNumberOfSteps) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const TrainingPlan plan = {
      .network = plan_of(parse_model_spec("2-8-tanh-8-tanh-3"), {.seed = 3}),
      .data = std::make_shared<const TrainingData>(ring_data(90)),
      .options = {.loss = LossKind::kSoftmaxCrossEntropy, .learning_rate = {.base = 0.01}},
      .judged_by = LossKind::kSoftmaxCrossEntropy};
  for (const std::int64_t steps : {1, 7, 23, 40}) {
    const Trial trial = run_trial(stream, plan, steps).trial;
    // B of the step behind the last update, by a trainer that looks at every step.
    Sequential model = build_network(stream, plan.network);
    TrainerOptions options = plan.options;
    options.steps = steps + 1;
    options.checkup_every = 1;
    Trainer trainer(stream, model, *plan.data, options);
    trainer.run();
    EXPECT_EQ(trial.after.backward_factor, trainer.tracker().vital_signs().oxygen.backward_factor)
        << steps;
  }
}

TEST_F(PrescriptionTest, ReportsTheTrialsThatEndedBeforeAnInterruption) {
  std::vector<std::string> told;
  PrescriptionOptions options = {.steps = 20};
  options.on_trial = [&told](const Trial& trial) { told.push_back(title(trial)); };
  options.is_interrupted = [&told] { return told.size() == 2; };
  const PrescriptionReport report = prescribe(stream_, rings("2-8-sigmoid-3"), options);
  EXPECT_FALSE(report.is_complete);
  EXPECT_EQ(told.size(), 2U);
  ASSERT_EQ(report.trials.size(), 2U);
  EXPECT_EQ(trial_of(report, "as it is").after.loss,
            trial_of(prescribed(rings("2-8-sigmoid-3"), 20), "as it is").after.loss);
  options.is_interrupted = [] { return true; };
  EXPECT_TRUE(prescribe(stream_, rings("2-8-sigmoid-3"), options).trials.empty());
}

}  // namespace
}  // namespace gradvitals::test
