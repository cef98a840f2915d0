// Contract: framework/networks.h. Oracle: the notebook's definitions, and the gains that its
// networks have at initialisation (docs/rules.md: sigmoid 0.22..0.26, ReLU 0.67..0.75,
// N(0,2^2) 14..18).
#include "framework/networks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "framework/losses.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals {
namespace {

class NetworksTest : public ::testing::Test {
 protected:
  Stream stream{{.device = DeviceType::kCpu, .threads = 1}};

  std::vector<Sequential> networks(std::uint64_t seed, Activation head = Activation::kSigmoid) {
    std::vector<Sequential> all;
    const NetworkOptions options = {.seed = seed, .head = head};
    all.push_back(sigmoid_network(stream, options));
    all.push_back(relu_network(stream, options));
    all.push_back(exploding_network(stream, options));
    return all;
  }

  std::vector<float> bits(const Sequential& network) {
    std::vector<float> all;
    for (const Parameter* parameter : network.parameters()) {
      const std::vector<float> values = parameter->value.to_host<float>();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  double rms(const TensorView& view) {
    std::vector<float> values(static_cast<std::size_t>(view.count));
    copy_to_host(stream, view.data, view.count * 4, values.data());
    double sum = 0.0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return std::sqrt(sum / static_cast<double>(view.count));
  }

  /// Geometric mean over the hidden layers of rms(delta of a layer) / rms(delta of the next).
  double backward_gain(const Sequential& network, const SampleData& data) {
    Tape tape(stream);
    tape.gradient(mse(tape, network.forward(tape, data.x), data.y), network.trainable_variables());
    std::vector<double> deltas;
    for (const TensorView& view : tape.views()) {
      if (view.role == Role::kDelta) deltas.push_back(rms(view));
    }
    const std::size_t hidden = deltas.size() - 1;
    return std::pow(deltas.at(0) / deltas.at(hidden - 1), 1.0 / static_cast<double>(hidden - 1));
  }
};

TEST_F(NetworksTest, AreTheNotebooks) {
  const std::vector<Sequential> all = networks(42);
  EXPECT_EQ(all[0].name(), "SigmoidNetwork");
  EXPECT_EQ(all[1].name(), "ReLUNetwork");
  EXPECT_EQ(all[2].name(), "ExplodingNetwork");
  EXPECT_EQ(all[0].parameter_count(), 13'249);
  EXPECT_EQ(all[1].parameter_count(), 13'249);
  EXPECT_EQ(all[2].parameter_count(), 9'089);
  EXPECT_EQ(all[0].trainable_variables().size(), 10u);
  EXPECT_EQ(all[1].trainable_variables().size(), 10u);
  EXPECT_EQ(all[2].trainable_variables().size(), 8u);
  EXPECT_EQ(all[2].trainable_variables().back()->name, "dense_3/bias");
}

TEST_F(NetworksTest, HaveTheNotebooksActivationsAndTheHeadAskedFor) {
  const std::string hidden[] = {"sigmoid", "relu", "linear"};
  for (const Activation head : {Activation::kSigmoid, Activation::kLinear}) {
    const std::vector<Sequential> all = networks(42, head);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::vector<TensorView> views = all[i].views();
      EXPECT_EQ(name(views.front().activation), hidden[i]);
      EXPECT_EQ(views.back().activation, head);
    }
  }
}

TEST_F(NetworksTest, TheSameSeedGivesTheSameBits) {
  const std::vector<Sequential> first = networks(42), again = networks(42), other = networks(43);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(bits(first[i]), bits(again[i]));
    EXPECT_NE(bits(first[i]), bits(other[i]));
  }
}

TEST_F(NetworksTest, TakeAnyNumberOfFeatures) {
  const Sequential network = relu_network(stream, {.features = 3});
  EXPECT_EQ(network.parameter_count(), 13'249 - 7 * 64);
  Tape tape(stream);
  EXPECT_EQ(network.forward(tape, Tensor::zeros(stream, {5, 3})).shape(), Shape({5, 1}));
}

TEST_F(NetworksTest, DoNotShareRandomNumbers) {
  const std::vector<Sequential> all = networks(42);
  EXPECT_NE(bits(all[0]), bits(all[1]));
  // Both are scaled draws: if they shared numbers, the signs would agree, not half of them.
  const std::vector<float> a = bits(all[1]), b = bits(all[2]);
  int agreeing = 0;
  for (std::size_t i = 0; i < 640; ++i) agreeing += std::signbit(a[i]) == std::signbit(b[i]);
  EXPECT_NEAR(agreeing, 320, 5 * std::sqrt(640.0) / 2);
}

TEST_F(NetworksTest, SampleDataIsStandardNormalAndUniform) {
  const SampleData data = make_sample_data(stream, 42, 10'000);
  EXPECT_EQ(data.x.shape(), Shape({10'000, 10}));
  EXPECT_EQ(data.y.shape(), Shape({10'000, 1}));
  const std::vector<float> x = data.x.to_host<float>(), y = data.y.to_host<float>();
  double sum = 0.0, squares = 0.0;
  for (const float value : x) sum += value, squares += static_cast<double>(value) * value;
  EXPECT_NEAR(sum / 1e5, 0.0, 5 / std::sqrt(1e5));
  EXPECT_NEAR(squares / 1e5, 1.0, 5 * std::sqrt(2 / 1e5));
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  EXPECT_GE(*low, 0.0f);
  EXPECT_LT(*high, 1.0f);
  EXPECT_LT(*low, 0.01f);
  EXPECT_GT(*high, 0.99f);
  EXPECT_EQ(x, make_sample_data(stream, 42, 10'000).x.to_host<float>());
  EXPECT_NE(x, make_sample_data(stream, 43, 10'000).x.to_host<float>());
  test::expect_invalid([&] { return make_sample_data(stream, 42, 0); }, {"batch is 0"});
}

TEST_F(NetworksTest, HaveTheGainsThatTheirDiagnosesRestOn) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const SampleData data = make_sample_data(stream, seed);
    const std::vector<Sequential> all = networks(seed, Activation::kLinear);
    const double sigmoid = backward_gain(all[0], data), relu = backward_gain(all[1], data);
    const double exploding = backward_gain(all[2], data);
    EXPECT_TRUE(sigmoid > 0.20 && sigmoid < 0.28) << sigmoid;
    EXPECT_TRUE(relu > 0.63 && relu < 0.79) << relu;
    EXPECT_TRUE(exploding > 13 && exploding < 19) << exploding;
  }
}

}  // namespace
}  // namespace gradvitals
