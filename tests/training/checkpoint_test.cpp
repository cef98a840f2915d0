// Contract: training/checkpoint.h, and what Trainer::load_checkpoint() refuses. That a resumed training
//           goes on with the same bits: resume_test.cpp.
// Oracle:   what was written; the file system after a child process was killed at arbitrary moments.
#include "training/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "framework/io/safetensors.h"
#include "tests/framework/io/input_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/model_spec.h"
#include "training/trainer.h"

namespace gradvitals::test {
namespace {

/// Fails the test unless the call is refused with the word.
template <class Call>
void expect_refused(Call&& call, std::string_view word) {
  const std::string message = refusal(call);
  EXPECT_NE(message.find(word), std::string::npos) << word << " is missing in: " << message;
}

class CheckpointTest : public testing::Test {
 protected:
  Sequential model(const char* words = "2-8-relu-3") {
    return build_model(stream_, parse_model_spec(words), {.seed = 1});
  }
  TrainerOptions options() const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = OptimizerKind::kMomentum},
            .learning_rate = {.base = 0.05},
            .batch = 16,
            .steps = 8,
            .seed = 3};
  }
  /// Of a training of three steps.
  void save_three_steps() {
    Sequential trained = model();
    Trainer trainer(stream_, trained, data_, options());
    trainer.run(3);
    trainer.save_checkpoint(path_);
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  TrainingData data_ = ring_data();
  TemporaryFolder folder_;
  std::string path_ = folder_.file("c.safetensors");
};

TEST_F(CheckpointTest, GivesBackWhatWasWritten) {
  const std::vector<float> floats = {1.5F, -0.0F, std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::denorm_min()};
  const std::vector<double> doubles = {0.1, std::numeric_limits<double>::max()};
  const Checkpoint written{
      .step = 123456789012345,
      .settings = {{"loss", "mse"}, {"a/b", "x = \"1\"\n"}},
      .state = {{"treatment/cuts", "2"}},
      .tensors = {{"model/w", Tensor::from_host<float>(stream_, {2, 2}, floats)},
                  {"training/d", Tensor::from_host<double>(stream_, {2}, doubles)}}};
  write_checkpoint(path_, written);
  const Checkpoint read = read_checkpoint(stream_, path_);
  EXPECT_EQ(read.step, written.step);
  EXPECT_EQ(read.settings, written.settings);
  EXPECT_EQ(read.state, written.state);
  ASSERT_EQ(read.tensors.size(), 2U);
  ASSERT_NE(read.find("model/w"), nullptr);
  EXPECT_EQ(read.find("model/w")->shape(), Shape({2, 2}));
  const std::vector<float> got = read.find("model/w")->to_host<float>();
  for (std::size_t i = 0; i < floats.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(floats[i]));
  }
  EXPECT_EQ(read.find("training/d")->to_host<double>(), doubles);
  EXPECT_EQ(read.find("model/x"), nullptr);
}

TEST_F(CheckpointTest, SaysWhereItCannotBeWritten) {
  const std::string path = folder_.file("missing/c.safetensors");
  try {
    write_checkpoint(path, {});
    FAIL() << "nothing was thrown";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
  }
}

TEST_F(CheckpointTest, RefusesFilesThatAreNoCheckpoints) {
  const auto write = [&](const std::map<std::string, std::string>& metadata) {
    std::ofstream out(path_, std::ios::binary);
    write_safetensors(out, {}, metadata);
  };
  expect_refused([&] { read_checkpoint(stream_, path_); }, "c.safetensors");  // Missing.
  std::ofstream(path_) << "no safetensors";
  expect_refused([&] { read_checkpoint(stream_, path_); }, "c.safetensors");
  write({{"activations", "relu"}});
  expect_refused([&] { read_checkpoint(stream_, path_); }, "no checkpoint");
  write({{"format", "gradvitals.checkpoint/3"}, {"step", "1"}});
  expect_refused([&] { read_checkpoint(stream_, path_); }, "gradvitals.checkpoint/3");
  write({{"format", "gradvitals.checkpoint/1"}});
  expect_refused([&] { read_checkpoint(stream_, path_); }, "step");
  for (const char* step : {"-1", "x", "", "1.5", "99999999999999999999"}) {
    write({{"format", "gradvitals.checkpoint/1"}, {"step", step}});
    expect_refused([&] { read_checkpoint(stream_, path_); }, "number of steps");
  }
}

TEST_F(CheckpointTest, IsNeverSeenInParts) {
  save_three_steps();
  Sequential trained = model("2-256-relu-256-relu-3");
  Trainer trainer(stream_, trained, data_, options());
  trainer.save_checkpoint(path_);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);  // Where the test dies first.
      while (true) trainer.save_checkpoint(path_);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(700 + 1237 * round));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_NO_THROW(trainer.load_checkpoint(path_)) << "round " << round;
  }
}

TEST_F(CheckpointTest, OtherSettingsAreRefusedByNameAndChangeNothing) {
  save_three_steps();
  const auto refused = [&](auto change, const char* word) {
    TrainerOptions changed = options();
    change(changed);
    Sequential fresh = model();
    Trainer trainer(stream_, fresh, data_, changed);
    const std::vector<std::uint32_t> before = weight_bits(fresh);
    expect_refused([&] { trainer.load_checkpoint(path_); }, word);
    EXPECT_EQ(weight_bits(fresh), before);
    EXPECT_EQ(trainer.step(), 0);
  };
  refused([](TrainerOptions& changed) { changed.batch = 8; }, "batch \"16\", not \"8\"");
  refused([](TrainerOptions& changed) { changed.seed = 4; }, "seed \"3\", not \"4\"");
  refused([](TrainerOptions& changed) { changed.loss = LossKind::kMse; }, "loss");
  refused([](TrainerOptions& changed) { changed.optimizer.momentum = 0.5; }, "optimizer");
  refused([](TrainerOptions& changed) { changed.settings["model seed"] = "1"; }, "model seed");
}

TEST_F(CheckpointTest, AnotherModelOrOtherDataAreRefused) {
  save_three_steps();
  for (const char* const words :
       {"2-9-relu-3", "2-8-tanh-3", "2-8-relu-8-relu-3", "2-8-relu-dropout0.1-3"}) {
    Sequential other = model(words);
    Trainer trainer(stream_, other, data_, options());
    expect_refused([&] { trainer.load_checkpoint(path_); }, "model");
  }
  TrainingData changed = ring_data();
  changed.training.x[5] += 1.0F;
  Sequential fresh = model();
  Trainer trainer(stream_, fresh, changed, options());
  expect_refused([&] { trainer.load_checkpoint(path_); }, "data");
}

TEST_F(CheckpointTest, WhatALayerHasBesideItsShapesIsPartOfTheModel) {
  const auto resume = [&](const char* before, const char* now) {
    Sequential first = model(before);
    Trainer(stream_, first, data_, options()).save_checkpoint(path_);
    Sequential second = model(now);
    Trainer trainer(stream_, second, data_, options());
    trainer.load_checkpoint(path_);
  };
  expect_refused(
      [&] { resume("2-8-dropout0.1-3", "2-8-dropout0.2-3"); },
      "rate 0.1\", not \"dropout      none           (batch, 8)            0  rate 0.2\"");
  const char* const residual = "2-8-residual-8-relu-dropout0.1-8-add-3";
  for (const char* const other :
       {"2-8-residual-8-relu-dropout0.3-8-add-3", "2-8-residual-8-tanh-dropout0.1-8-add-3"}) {
    expect_refused([&] { resume(residual, other); }, "was made with model");
  }
  EXPECT_NO_THROW(resume(residual, residual));
}

TEST_F(CheckpointTest, MoreStepsMayBeAskedForThanBefore) {
  save_three_steps();
  TrainerOptions longer = options();
  longer.steps = 20;
  Sequential fresh = model();
  Trainer trainer(stream_, fresh, data_, longer);
  trainer.load_checkpoint(path_);
  EXPECT_EQ(trainer.run().steps, 20);
  // Where the schedule depends on their number, that is told.
  longer.learning_rate.decay = LearningRateDecay::kCosine;
  Trainer cosine(stream_, fresh, data_, longer);
  cosine.save_checkpoint(path_);
  longer.steps = 21;
  Trainer other(stream_, fresh, data_, longer);
  EXPECT_EQ(other.load_checkpoint(path_),
            (std::vector<SettingChange>{{.name = "number of steps", .before = "20", .now = "21"}}));
}

TEST_F(CheckpointTest, AnotherLearningRateIsToldAndHoldsFromThereOn) {
  save_three_steps();
  TrainerOptions slower = options();
  slower.learning_rate = {.base = 0.025, .warmup_steps = 2};
  Sequential resumed = model();
  Trainer trainer(stream_, resumed, data_, slower);
  EXPECT_EQ(trainer.load_checkpoint(path_),
            (std::vector<SettingChange>{
                {.name = "learning rate", .before = "0.05", .now = "0.025, warm-up of 2 steps"}}));
  trainer.run();
  // The same by a factor on the rate of before.
  Sequential scaled = model();
  Trainer by_factor(stream_, scaled, data_, options());
  EXPECT_TRUE(by_factor.load_checkpoint(path_).empty());
  by_factor.set_controls({.learning_rate_factor = 0.5});
  by_factor.run();
  EXPECT_EQ(weight_bits(resumed), weight_bits(scaled));
}

TEST_F(CheckpointTest, AFlippedBitAnywhereIsRefused) {
  save_three_steps();
  std::string whole;
  {
    std::ifstream in(path_, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto read_with = [&](const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return refusal([&] { read_checkpoint(stream_, path_); });
  };
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, whole.data(), sizeof header_bytes);
  for (std::size_t place = 0; place < whole.size(); place += 5) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << (place % 8)));
    const std::string said = read_with(damaged);
    EXPECT_NE(said, "") << "byte " << place;
    if (place < sizeof header_bytes + header_bytes) continue;
    EXPECT_NE(said.find("is damaged: its checksum is"), std::string::npos) << said;
  }
  std::ofstream(path_, std::ios::binary) << whole;
  EXPECT_NO_THROW(read_checkpoint(stream_, path_));
}

TEST_F(CheckpointTest, AFileOfTheFirstFormatIsReadWithoutAChecksum) {
  const std::vector<float> values = {1.0F, 2.0F};
  const auto write = [&](const char* format) {
    std::ofstream out(path_, std::ios::binary);
    const SafetensorsEntry entry = {.name = "model/w",
                                    .dtype = DType::kFloat32,
                                    .shape = {2},
                                    .count = 2,
                                    .bytes = std::as_bytes(std::span(values))};
    write_safetensors(out, {&entry, 1}, {{"format", format}, {"step", "7"}});
  };
  write("gradvitals.checkpoint/1");
  EXPECT_EQ(read_checkpoint(stream_, path_).step, 7);
  write("gradvitals.checkpoint/2");
  expect_refused([&] { read_checkpoint(stream_, path_); }, "checksum is missing");
}

TEST_F(CheckpointTest, ATensorThatIsMissingOrOfAnotherShapeIsNamed) {
  save_three_steps();
  const Checkpoint whole = read_checkpoint(stream_, path_);
  Sequential fresh = model();
  Trainer trainer(stream_, fresh, data_, options());
  const std::vector<std::uint32_t> before = weight_bits(fresh);
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
    const std::string& name = whole.tensors[i].name;
    if (name == "training/update_squares") continue;  // A training that is not watched has none.
    SCOPED_TRACE(name);
    Checkpoint damaged = whole;
    damaged.tensors.erase(damaged.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    write_checkpoint(path_, damaged);
    const std::string own = name.substr(name.find('/') + 1);
    expect_refused([&] { trainer.load_checkpoint(path_); }, own);
    damaged.tensors.push_back({name, Tensor::zeros(stream_, {7, 7})});
    write_checkpoint(path_, damaged);
    expect_refused([&] { trainer.load_checkpoint(path_); }, own);
    EXPECT_EQ(weight_bits(fresh), before);
  }
}

TEST_F(CheckpointTest, NumbersOutOfRangeAreRefusedByName) {
  save_three_steps();
  const Checkpoint whole = read_checkpoint(stream_, path_);
  Sequential fresh = model();
  Trainer trainer(stream_, fresh, data_, options());
  const auto with_count = [&](double count) {
    Checkpoint damaged = whole;
    for (auto& [name, value] : damaged.tensors) {
      const std::vector<double> losses = {1.0, count};
      if (name == "training/epoch_loss") value = Tensor::from_host<double>(stream_, {2}, losses);
    }
    write_checkpoint(path_, damaged);
    return [&] { trainer.load_checkpoint(path_); };
  };
  const auto per_epoch = static_cast<double>(trainer.steps_per_epoch());
  for (const double count : {-1.0, 0.5, per_epoch + 1.0, 1e300, std::nan("")}) {
    expect_refused(with_count(count), "training/epoch_loss");
  }
  EXPECT_NO_THROW(with_count(per_epoch)());
  Checkpoint far = whole;
  far.step = std::numeric_limits<std::int64_t>::max();
  write_checkpoint(path_, far);
  expect_refused([&] { trainer.load_checkpoint(path_); }, "step");
}

TEST_F(CheckpointTest, NothingOfTheTrainingBeforeIsLeftAfterALoad) {
  save_three_steps();
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, options());
  trainer.run();
  EXPECT_GT(trainer.tracker().steps(), 3);
  trainer.load_checkpoint(path_);
  EXPECT_EQ(trainer.tracker().steps(), 3);
  const TrainingResult result = trainer.run(0);
  EXPECT_EQ(result.steps, 3);
  EXPECT_FALSE(result.loss);
  EXPECT_FALSE(result.validation);
}

TEST_F(CheckpointTest, ControlsAndObserversStateComeBack) {
  class Remembers : public TrainingObserver {
   public:
    void save_state(std::map<std::string, std::string>& state) const override {
      state["remembers/value"] = value;
    }
    void load_state(const std::map<std::string, std::string>& state) override {
      value = state.at("remembers/value");
    }
    std::string value;
  };
  const StepControls controls{
      .learning_rate_factor = 0.25, .max_norm = 3.0, .skips_nonfinite = true};
  Sequential trained = model();
  Trainer trainer(stream_, trained, data_, options());
  Remembers first;
  first.value = "seven";
  trainer.add_observer(first);
  trainer.run(2);
  trainer.set_controls(controls);
  trainer.save_checkpoint(path_);
  Trainer resumed(stream_, trained, data_, options());
  Remembers second;
  resumed.add_observer(second);
  resumed.load_checkpoint(path_);
  EXPECT_EQ(resumed.controls(), controls);
  EXPECT_EQ(second.value, "seven");
  class Refuses : public TrainingObserver {
    void load_state(const std::map<std::string, std::string>& /*state*/) override {
      throw std::invalid_argument("no such state");
    }
  };
  Refuses refuses;
  Trainer refused(stream_, trained, data_, options());
  refused.add_observer(refuses);
  expect_refused([&] { refused.load_checkpoint(path_); }, "c.safetensors: no such state");
  EXPECT_EQ(refused.step(), 0);
  TrainerOptions blind = options();
  blind.watch = false;
  Trainer unwatched(stream_, trained, data_, blind);
  expect_refused([&] { unwatched.load_checkpoint(path_); }, "watch");
}

}  // namespace
}  // namespace gradvitals::test
