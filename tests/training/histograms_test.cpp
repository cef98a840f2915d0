// Contract: TrainerOptions::histograms and TrainingStep::histograms. Oracle: the weights of a model
// that was trained so far, each looked at by frexp().
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/training/trainer_fixture.h"

namespace gradvitals::test {
namespace {

class HistogramRecorder : public TrainingObserver {
 public:
  void on_step(const TrainingStep& step) override {
    steps[step.step] = {step.histograms.begin(), step.histograms.end()};
    for (const TensorRecord& tensor : step.metrics->tensors) {
      if (tensor.role != Role::kGradient) continue;
      zeros[step.step][tensor.name.text()] = tensor.stats.zero_count;
    }
  }

  std::map<std::int64_t, std::vector<TensorHistogram>> steps;
  std::map<std::int64_t, std::map<std::string, std::int64_t>> zeros;
};

TrainerOptions histogram_options(std::int64_t steps) {
  TrainerOptions options = ring_options(steps);
  options.checkup_every = 4;
  options.histograms = true;
  return options;
}

ExponentHistogram histogram_by_frexp(const std::vector<float>& values) {
  ExponentHistogram histogram;
  for (const float value : values) {
    if (value == 0.0f) {
      ++histogram.zero_count;
      continue;
    }
    int exponent = 0;
    std::frexp(value, &exponent);
    const int bin = std::min(std::max((exponent - 1 + 46) / 2, 0), 31);
    ++histogram.bins.at(static_cast<std::size_t>(bin));
  }
  return histogram;
}

class HistogramsTest : public DeviceTest {
 protected:
  Sequential model() { return build_model(stream(), parse_model_spec("2-16-relu-3"), {.seed = 1}); }
  TrainingData data_ = ring_data();
};
INSTANTIATE_TEST_SUITE_P(Devices, HistogramsTest, all_devices(), device_name);

TEST_P(HistogramsTest, CheckupsHaveThoseOfGradientsAndWeightsAndOtherStepsNone) {
  Sequential trained = model();
  Trainer trainer(stream(), trained, data_, histogram_options(10));
  HistogramRecorder recorder;
  trainer.add_observer(recorder);
  trainer.run();
  for (const auto& [step, histograms] : recorder.steps) {
    const bool is_checkup = step < 3 || step % 4 == 0;
    ASSERT_EQ(histograms.size(), is_checkup ? 8U : 0U) << step;
    for (const TensorHistogram& tensor : histograms) {
      if (tensor.role != Role::kGradient) continue;
      EXPECT_EQ(tensor.histogram.zero_count, recorder.zeros[step][tensor.name.text()]) << step;
    }
  }
}

TEST_P(HistogramsTest, WeightsAreThoseBeforeTheUpdateOfTheStep) {
  Sequential trained_before = model();
  Trainer(stream(), trained_before, data_, ring_options(4)).run();
  Sequential trained = model();
  Trainer trainer(stream(), trained, data_, histogram_options(5));
  HistogramRecorder recorder;
  trainer.add_observer(recorder);
  trainer.run();
  std::size_t compared = 0;
  for (const Parameter* const parameter : trained_before.trainable_variables()) {
    for (const TensorHistogram& tensor : recorder.steps[4]) {
      if (tensor.role != Role::kWeight || tensor.name.text() != parameter->name) continue;
      EXPECT_EQ(tensor.histogram, histogram_by_frexp(parameter->value.to_host<float>()))
          << parameter->name;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 4U);
}

TEST_P(HistogramsTest, TheyChangeNoBitOfTheTraining) {
  Sequential plain = model();
  Trainer(stream(), plain, data_, ring_options(9)).run();
  Sequential watched = model();
  Trainer(stream(), watched, data_, histogram_options(9)).run();
  EXPECT_EQ(weight_bits(watched), weight_bits(plain));
}

TEST_P(HistogramsTest, TheyArePartOfWatching) {
  Sequential trained = model();
  TrainerOptions options = histogram_options(1);
  options.watch = false;
  expect_invalid([&] { Trainer(stream(), trained, data_, options); },
                 {"histograms", "TrainerOptions::watch"});
}

}  // namespace
}  // namespace gradvitals::test
