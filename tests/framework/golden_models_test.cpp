// Contract: forward and backward of recorded models, end to end. Oracle: the same models computed
// in float64 by NumPy (tests/data/golden/models). Tolerance: that of the recording, float32 against
// float64.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/io/file_model.h"
#include "framework/io/model_file.h"
#include "framework/tape.h"
#include "tests/support/expect_close.h"

namespace gradvitals {
namespace {

// "relative 2e-4 on every norm", the recordings say.
constexpr test::Tolerance kRecorded{.absolute = 0.0, .relative = 2e-4};
constexpr test::Tolerance kRecordedGain{.absolute = 0.0, .relative = 0.01};

class GoldenModels : public ::testing::TestWithParam<std::string> {
 protected:
  static std::string path(const std::string& ending) {
    return std::string(GRADVITALS_TEST_DATA) + "/golden/models/" + GetParam() + ending;
  }

  double rms(const std::vector<float>& values) {
    return norm(values) / std::sqrt(static_cast<double>(values.size()));
  }
  double norm(const std::vector<float>& values) {
    double sum = 0.0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    return std::sqrt(sum);
  }

  Stream stream{{.device = DeviceType::kCpu, .threads = 1}};
};

TEST_P(GoldenModels, GiveTheRecordedLossNormsAndDeltas) {
  const ModelFile file = read_model(path(".model.safetensors"));
  const ModelBatch batch = read_batch(path(".data.safetensors"), file);
  FileModel model(stream, file);
  const auto x =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.front().inputs}, batch.x);
  const auto target =
      Tensor::from_host<float>(stream, {batch.rows, file.layers.back().outputs}, batch.y);
  std::ifstream expected_file(path(".expected.json"));
  const auto expected = nlohmann::json::parse(expected_file);

  Tape tape(stream);
  const Tensor loss = model.loss(tape, model.forward(tape, x), target);
  const Gradients gradients = tape.gradient(loss, model.trainable_variables());

  std::vector<std::string> names;
  std::vector<double> norms;
  for (const Gradient& gradient : gradients) {
    names.push_back(gradient.variable->name);
    norms.push_back(norm(gradient.value.value().to_host<float>(stream)));
  }
  std::vector<double> delta_rms;
  for (const TensorView& view : tape.views()) {
    if (view.role != Role::kDelta) continue;
    const auto* delta = static_cast<const float*>(view.data);
    delta_rms.push_back(rms({delta, delta + view.count}));
  }
  EXPECT_EQ(names, expected.at("names").get<std::vector<std::string>>());
  test::expect_close(loss.item(stream), expected.at("loss").get<double>(), kRecorded);
  test::expect_close(norms, expected.at("metrics").at("gradient_norms").get<std::vector<double>>(),
                     kRecorded);
  test::expect_close(delta_rms, expected.at("delta_rms").get<std::vector<double>>(), kRecorded);
  if (expected.at("backward_gain").is_null()) return;  // Fewer than three hidden layers.
  const std::size_t hidden = delta_rms.size() - 1;
  const double gain =
      std::pow(delta_rms.at(0) / delta_rms.at(hidden - 1), 1.0 / static_cast<double>(hidden - 1));
  test::expect_close(gain, expected.at("backward_gain").get<double>(), kRecordedGain);
}

INSTANTIATE_TEST_SUITE_P(Recorded, GoldenModels,
                         ::testing::Values("sigmoid", "relu", "tanh_odd", "wide", "deep_sigmoid",
                                           "exploding_linear_head"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace gradvitals
