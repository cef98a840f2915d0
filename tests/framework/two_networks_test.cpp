// Contract: networks that are recorded on one tape are judged each by itself, and the worst
// decides. Oracle: the same networks on tapes of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "framework/layers/dense.h"
#include "framework/losses.h"
#include "framework/ops.h"
#include "framework/sequential.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/network_split.h"
#include "monitor/rules/diagnosis.h"
#include "tests/support/devices.h"

namespace gradvitals {
namespace {

constexpr int kWidth = 16;
constexpr int kHiddenLayers = 6;

class TwoNetworksTest : public test::DeviceTest {
 protected:
  Sequential mlp(const char* name, Activation hidden) {
    Sequential model(stream(), {.name = name, .input_shape = {kWidth}, .seed = 1});
    const Dense::Options options{.kernel_initializer = hidden == Activation::kRelu
                                                           ? Initializer(HeNormal{})
                                                           : Initializer(GlorotUniform{})};
    for (int i = 0; i < kHiddenLayers; ++i) model.add(Dense(kWidth, hidden, options));
    model.add(Dense(kWidth, Activation::kLinear));
    return model;
  }
  Sequential healthy(const char* name) { return mlp(name, Activation::kRelu); }
  Sequential vanishing(const char* name) { return mlp(name, Activation::kSigmoid); }

  Tensor noise(std::uint64_t seed) {
    return initialize(stream(), RandomNormal{.stddev = 1}, {64, kWidth}, {seed, 1});
  }

  /// What a check-up of all models on one tape shows; the loss is the sum of theirs.
  HealthMetrics examine(std::initializer_list<Sequential*> models) {
    Tape tape(stream());
    Tensor loss;
    std::vector<Parameter*> parameters;
    for (Sequential* model : models) {
      const Tensor own = mse(tape, model->forward(tape, noise(2)), noise(3));
      loss = loss.has_value() ? add(tape, loss, own) : own;
      std::ranges::copy(model->trainable_variables(), std::back_inserter(parameters));
    }
    tape.gradient(loss, parameters);
    std::vector<TensorView> views = tape.views();
    for (Sequential* model : models) {
      std::ranges::copy(model->views(), std::back_inserter(views));
    }
    return GradientMonitor(stream()).inspect(views);
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, TwoNetworksTest, test::all_devices(), test::device_name);

/// Whether no two tensors of one role share a name.
bool are_distinct(const std::vector<TensorRecord>& tensors) {
  std::set<std::pair<Role, Name>> names;
  return std::ranges::all_of(tensors, [&](const TensorRecord& tensor) {
    return names.insert({tensor.role, tensor.name}).second;
  });
}

TEST_P(TwoNetworksTest, AVanishingNetworkIsNamedBesideAHealthyOne) {
  Sequential relu = healthy("Critic"), sigmoid = vanishing("Actor");
  ASSERT_EQ(diagnose(examine({&relu})).verdict, Verdict::kHealthy);
  ASSERT_EQ(diagnose(examine({&sigmoid})).verdict, Verdict::kVanishing);
  for (const auto& models : {std::initializer_list<Sequential*>{&relu, &sigmoid},
                             std::initializer_list<Sequential*>{&sigmoid, &relu}}) {
    const HealthMetrics metrics = examine(models);
    EXPECT_TRUE(are_distinct(metrics.tensors));
    const Diagnosis diagnosis = diagnose(metrics);
    EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
    EXPECT_NE(diagnosis.findings.at(0).text.find("Actor"), std::string::npos)
        << diagnosis.findings[0].text;
    for (const Finding& finding : diagnosis.findings) {
      EXPECT_EQ(finding.text.find("Critic"), std::string::npos) << finding.text;
    }
  }
}

TEST_P(TwoNetworksTest, HealthyNetworksStayHealthyTogether) {
  Sequential a = healthy("A"), b = healthy("B"), c = healthy("C");
  const HealthMetrics metrics = examine({&a, &b, &c});
  EXPECT_TRUE(are_distinct(metrics.tensors));
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
  // The first hidden layer to the last of one network, not of another.
  EXPECT_EQ(diagnosis.vital_signs.oxygen.hidden_layers, kHiddenLayers);
}

TEST_P(TwoNetworksTest, EqualNetworksHaveTheBackwardFactorOfEach) {
  Sequential a = vanishing("A"), b = vanishing("A"), c = vanishing("A");
  const Oxygen alone = diagnose(examine({&a})).vital_signs.oxygen;
  const HealthMetrics metrics = examine({&a, &b, &c});
  EXPECT_TRUE(are_distinct(metrics.tensors));
  const Diagnosis together = diagnose(metrics);
  EXPECT_EQ(together.vital_signs.oxygen.backward_factor, alone.backward_factor);
  EXPECT_EQ(together.vital_signs.oxygen.relative_gradient_spread, alone.relative_gradient_spread);
  EXPECT_EQ(std::ranges::count(together.findings, RuleId::kBackwardFactor, &Finding::rule), 3);
  for (const HealthMetrics& part : split_networks(metrics)) {
    const SignalFlow flow = signal_flow(part);
    EXPECT_EQ(flow.backward_factor, alone.backward_factor);
    EXPECT_EQ(flow.gradient_to_weight, alone.gradient_to_weight);
  }
}

TEST_P(TwoNetworksTest, AModelThatRunsTwiceHasOneGradientAKernel) {
  Sequential model = healthy("Siamese");
  Tape tape(stream());
  const Tensor left = model.forward(tape, noise(2));
  const Tensor both = add(tape, left, model.forward(tape, noise(4)));
  tape.gradient(mse(tape, both, noise(3)), model.trainable_variables());
  std::vector<TensorView> views = tape.views();
  std::ranges::copy(model.views(), std::back_inserter(views));
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_TRUE(are_distinct(metrics.tensors));
  EXPECT_TRUE(metrics.networks.empty());
  EXPECT_EQ(std::ranges::count(metrics.tensors, "dense/kernel", &TensorRecord::name), 2)
      << "a gradient and a weight";
  EXPECT_TRUE(signal_flow(metrics).gradient_to_weight.has_value());
  EXPECT_EQ(std::ranges::count(metrics.tensors, "dense/delta", &TensorRecord::name), 1);
  EXPECT_EQ(diagnose(metrics).verdict, Verdict::kHealthy);
  EXPECT_EQ(diagnose(metrics).vital_signs.oxygen.hidden_layers, kHiddenLayers);
}

TEST_P(TwoNetworksTest, AModelThatNeverRanIsBlamedOnNoOther) {
  Sequential a = healthy("A"), b = healthy("B"), idle = healthy("Idle");
  Tape tape(stream());
  std::vector<Parameter*> parameters;
  for (Sequential* model : {&a, &b, &idle}) {
    std::ranges::copy(model->trainable_variables(), std::back_inserter(parameters));
  }
  const Tensor from_a = a.forward(tape, noise(2));
  const Tensor both = add(tape, from_a, b.forward(tape, noise(4)));
  tape.gradient(mse(tape, both, noise(3)), parameters);
  std::vector<TensorView> views = tape.views();
  for (const Sequential* model : {&a, &b, &idle}) {
    std::ranges::copy(model->views(), std::back_inserter(views));
  }
  const HealthMetrics metrics = GradientMonitor(stream()).inspect(views);
  EXPECT_EQ(metrics.networks, (std::vector<Name>{"A", "B", "Idle"}));
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNoGradient);
  for (const Finding& finding : diagnosis.findings) EXPECT_EQ(finding.network, "Idle");
}

TEST_P(TwoNetworksTest, ANetworkThatOnlyRunsForwardIsNoFault) {
  Sequential generator = healthy("Generator"), critic = healthy("Critic");
  Tape tape(stream());
  const Tensor made = generator.forward(tape, noise(2));
  // Read back, and so cut off.
  const Tensor given = Tensor::from_host<float>(stream(), made.shape(), made.to_host<float>());
  tape.gradient(mse(tape, critic.forward(tape, given), noise(3)), critic.trainable_variables());
  const Diagnosis diagnosis = diagnose(GradientMonitor(stream()).inspect(tape.views()));
  EXPECT_EQ(diagnosis.verdict, Verdict::kHealthy);
}

}  // namespace
}  // namespace gradvitals
