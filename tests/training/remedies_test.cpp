// Contract: training/remedies.h. Oracle: the plans that the advice describes, written out.
#include "training/remedies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/expect_close.h"
#include "tests/training/training_fixtures.h"

namespace gradvitals::test {
namespace {

/// The only symptom that a remedy asks for.
constexpr GradientSymptoms kLargeGradients{.largest_norm = 1e4, .has_nonfinite = false};

const Remedy& remedy_named(std::string_view name) {
  const auto found = std::ranges::find(remedies(), name, &Remedy::name);
  if (found == remedies().end()) throw std::invalid_argument(std::string(name));
  return *found;
}

std::optional<TrainingPlan> applied(std::string_view name, const TrainingPlan& plan) {
  return remedy_named(name).apply(plan, kLargeGradients);
}

std::shared_ptr<const TrainingData> data_of_rows(Samples samples) {
  auto data = std::make_shared<TrainingData>();
  data->name = "rows";
  data->features = std::ssize(samples.x) / samples.rows;
  data->outputs = std::ssize(samples.y) / samples.rows;
  data->training = std::move(samples);
  return data;
}

/// Four standardised points with one binary target each.
Samples binary_samples() {
  return {.rows = 4, .x = {1, 1, 1, -1, -1, 1, -1, -1}, .y = {0, 1, 1, 0}};
}

TrainingPlan plan_on(std::string_view spec, LossKind loss, Samples samples = binary_samples()) {
  TrainingPlan plan{.network = plan_of(parse_model_spec(spec)),
                    .data = data_of_rows(std::move(samples)),
                    .options = {.loss = loss, .steps = 100},
                    .judged_by = loss};
  return plan;
}

std::string network_after(std::string_view remedy, std::string_view spec,
                          LossKind loss = LossKind::kMse) {
  const std::optional<TrainingPlan> changed = applied(remedy, plan_on(spec, loss));
  return changed ? text(changed->network) : "does not apply";
}

/// Each layer's values as a file has them, all of one size.
void give_values(NetworkPlan& plan, float value) {
  for (DensePlan* const dense : dense_plans(plan)) {
    dense->values = DenseValues{
        .kernel_name = "kernel",
        .kernel = std::vector<float>(static_cast<std::size_t>(dense->inputs * dense->units), value),
        .bias_name = "bias",
        .bias = std::vector<float>(static_cast<std::size_t>(dense->units), 0.0F)};
  }
}

TEST(Remedies, ReplaceTheActivationOfHiddenLayersAlone) {
  EXPECT_EQ(network_after("relu with He values", "2-8-sigmoid-8-tanh-1-sigmoid"),
            "2-8-relu-8-relu-1-sigmoid");
  EXPECT_EQ(network_after("relu with He values", "2-8-8-1"), "2-8-relu-8-relu-1");
  EXPECT_EQ(network_after("relu with He values", "2-8-layernorm-tanh-1"), "2-8-layernorm-relu-1");
  EXPECT_EQ(network_after("gelu with He values", "2-8-relu-1"), "2-8-gelu-1");
  EXPECT_EQ(network_after("relu with He values", "2-8-relu-1"), "does not apply");
  EXPECT_EQ(network_after("relu with He values", "2-1-sigmoid"), "does not apply");
}

TEST(Remedies, InitialiseByHeBehindTheNewActivationAndByGlorotBeforeTheHead) {
  TrainingPlan plan = plan_on("2-8-sigmoid-1-sigmoid", LossKind::kMse);
  give_values(plan.network, 3.0F);
  const TrainingPlan changed = applied("relu with He values", plan).value();
  const std::vector<const DensePlan*> layers = dense_plans(changed.network);
  EXPECT_FALSE(layers[0]->values.has_value());
  EXPECT_FALSE(layers[1]->values.has_value());
  EXPECT_TRUE(std::holds_alternative<HeNormal>(layers[0]->initializer));
  EXPECT_TRUE(std::holds_alternative<GlorotUniform>(layers[1]->initializer));
}

TEST(Remedies, NormaliseHiddenLayersBeforeTheirActivation) {
  EXPECT_EQ(network_after("LayerNorm", "2-8-sigmoid-1-sigmoid"), "2-8-layernorm-sigmoid-1-sigmoid");
  EXPECT_EQ(network_after("LayerNorm", "2-8-layernorm-relu-1"), "does not apply");
  EXPECT_EQ(network_after("LayerNorm", "2-8-dropout0.1-tanh-8-8"),
            "2-8-layernorm-dropout0.1-tanh-8-layernorm-8");
  EXPECT_EQ(network_after("LayerNorm", "2-1-sigmoid-1"), "does not apply");
}

TEST(Remedies, ConnectHiddenLayersThatAreAsWideAsTheirInput) {
  EXPECT_EQ(network_after("residual connections", "2-8-tanh-8-tanh-4-tanh-4"),
            "2-8-tanh-residual-8-tanh-add-4-tanh-4");
  EXPECT_EQ(network_after("residual connections", "2-2-layernorm-relu-dropout0.1-2-tanh-4"),
            "2-residual-2-layernorm-relu-add-dropout0.1-residual-2-tanh-add-4");
  EXPECT_EQ(network_after("residual connections", "2-residual-2-relu-add-2-relu-4"),
            "does not apply");
  EXPECT_EQ(network_after("residual connections", "2-8-tanh-4"), "does not apply");
}

TEST(Remedies, GiveNewValuesWhereThoseOfAFileHaveAnotherScale) {
  TrainingPlan plan = plan_on("2-8-tanh-1", LossKind::kMse);
  EXPECT_FALSE(applied("He and Glorot values", plan));  // They are Glorot's already.
  give_values(plan.network, 2.0F);
  const std::optional<TrainingPlan> changed = applied("He and Glorot values", plan);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(dense_plans(changed->network)[0]->values);
  EXPECT_EQ(text(changed->network), "2-8-tanh-1");

  // A layer of 8 to 8: Glorot's values have a variance of 2 / 16.
  TrainingPlan sound = plan_on("8-8-tanh-8", LossKind::kMse,
                               {.rows = 1, .x = std::vector<float>(8), .y = std::vector<float>(8)});
  give_values(sound.network, std::sqrt(2.0F / 16.0F));
  EXPECT_FALSE(applied("He and Glorot values", sound));
  give_values(sound.network, std::sqrt(2.0F / 8.0F));  // He's.
  EXPECT_TRUE(applied("He and Glorot values", sound));
}

TEST(Remedies, MakeTheHeadLinearForTheSameLoss) {
  EXPECT_EQ(network_after("linear head", "2-8-relu-1-sigmoid"), "2-8-relu-1");
  EXPECT_EQ(network_after("linear head", "2-8-relu-1-layernorm-tanh"), "2-8-relu-1-layernorm");
  EXPECT_EQ(network_after("linear head", "2-8-relu-1"), "does not apply");
  EXPECT_EQ(network_after("linear head", "2-1-sigmoid", LossKind::kBinaryCrossEntropy),
            "does not apply");
}

TEST(Remedies, KeepTheFunctionOfANetworkWhoseLossIsTakenFromLogitsInstead) {
  TrainingPlan plan = plan_on("2-8-relu-1-sigmoid", LossKind::kBinaryCrossEntropy);
  give_values(plan.network, 0.5F);
  const TrainingPlan changed = applied("cross entropy from logits", plan).value();
  EXPECT_EQ(text(changed.network), "2-8-relu-1");
  EXPECT_EQ(changed.options.loss, LossKind::kBinaryCrossEntropyFromLogits);
  EXPECT_EQ(changed.readout, Readout::kSigmoid);
  EXPECT_EQ(changed.judged_by, LossKind::kBinaryCrossEntropy);
  EXPECT_TRUE(dense_plans(changed.network)[1]->values);

  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const auto loss_of = [&](const TrainingPlan& judged) {
    return evaluate(stream, build_network(stream, judged.network), judged.judged_by,
                    judged.judged_samples(), judged.readout)
        .loss;
  };
  expect_close(loss_of(changed), loss_of(plan), kLossFloat);
}

TEST(Remedies, LearnBinaryTargetsByACrossEntropy) {
  const TrainingPlan changed =
      applied("cross entropy from logits", plan_on("2-8-relu-1-sigmoid", LossKind::kMse)).value();
  EXPECT_EQ(changed.options.loss, LossKind::kBinaryCrossEntropyFromLogits);
  EXPECT_EQ(changed.judged_by, LossKind::kMse);
  EXPECT_EQ(changed.readout, Readout::kSigmoid);
  Samples numbers = binary_samples();
  numbers.y[2] = 0.5F;
  EXPECT_FALSE(applied("cross entropy from logits",
                       plan_on("2-8-relu-1-sigmoid", LossKind::kMse, std::move(numbers))));
}

TEST(Remedies, LearnOneHotTargetsByASoftmax) {
  const Samples classes{.rows = 2, .x = {1, -1}, .y = {1, 0, 0, 1}};
  const TrainingPlan changed =
      applied("softmax cross entropy",
              plan_on("1-8-relu-2", LossKind::kBinaryCrossEntropyFromLogits, classes))
          .value();
  EXPECT_EQ(changed.options.loss, LossKind::kSoftmaxCrossEntropy);
  EXPECT_EQ(changed.readout, Readout::kSoftmax);
  EXPECT_EQ(changed.judged_by, LossKind::kBinaryCrossEntropy);
  const Samples two_classes_at_once{.rows = 2, .x = {1, -1}, .y = {1, 1, 0, 1}};
  EXPECT_FALSE(
      applied("softmax cross entropy", plan_on("1-8-relu-2", LossKind::kMse, two_classes_at_once)));
  EXPECT_FALSE(applied("softmax cross entropy", plan_on("2-8-relu-1", LossKind::kMse)));
}

TEST(Remedies, StandardiseInputsThatAreNot) {
  EXPECT_FALSE(applied("standardised inputs", plan_on("2-1", LossKind::kMse)));
  TrainingPlan plan =
      plan_on("2-1", LossKind::kMse, {.rows = 2, .x = {100, 5, 300, 5}, .y = {0, 1}});
  auto data = std::make_shared<TrainingData>(*plan.data);
  data->validation = {.rows = 1, .x = {400, 6}, .y = {1}};
  plan.data = data;
  const TrainingPlan changed = applied("standardised inputs", plan).value();
  EXPECT_EQ(changed.data->training.x, (std::vector<float>{-1, 0, 1, 0}));
  EXPECT_EQ(changed.data->validation.x, (std::vector<float>{2, 0}));
  EXPECT_EQ(plan.data->training.x[0], 100.0F);
}

TEST(Remedies, ClipGradientsThatWereLarge) {
  const TrainingPlan plan = plan_on("2-8-relu-1", LossKind::kMse);
  const Remedy& clipping = remedy_named("clipping to norm 1");
  EXPECT_EQ(clipping.apply(plan, {.largest_norm = 1.5}).value().controls.max_norm, 1.0);
  EXPECT_TRUE(clipping.apply(plan, {.largest_norm = 0.5, .has_nonfinite = true}));
  EXPECT_FALSE(clipping.apply(plan, {.largest_norm = 1.0}));
}

TEST(Remedies, ChangeTheLearningRate) {
  const TrainingPlan plan = plan_on("2-8-relu-1", LossKind::kMse);
  EXPECT_EQ(applied("learning rate / 10", plan).value().options.learning_rate.base, 1e-4);
  EXPECT_EQ(applied("learning rate x 10", plan).value().options.learning_rate.base, 1e-2);
  EXPECT_EQ(applied("warm-up", plan).value().options.learning_rate.warmup_steps, 20);
  TrainingPlan warmed = plan;
  warmed.options.learning_rate.warmup_steps = 5;
  EXPECT_FALSE(applied("warm-up", warmed));
  TrainingPlan brief = plan;
  brief.options.steps = 9;  // A fifth of it is one step.
  EXPECT_FALSE(applied("warm-up", brief));
}

}  // namespace
}  // namespace gradvitals::test
