// Contract: training/flight_recorder.h and incident.h: what is kept of a critical step, and that nothing
//           of it harms the training.
// Oracle:   what an observer was told; the files read by a JSON parser and the readers of histories and
//           checkpoints.
#include "training/flight_recorder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/runtime/error.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/temporary_folder.h"
#include "tests/training/training_fixtures.h"
#include "training/checkpoint.h"
#include "training/incident.h"
#include "training/model_spec.h"
#include "training/treatment_observer.h"

namespace gradvitals::test {
namespace {

using Document = nlohmann::json;

constexpr std::int64_t kFaultyStep = 40;

/// Puts NaN into one sample of one batch.
class SpoilsOneBatch : public TrainingObserver {
 public:
  explicit SpoilsOneBatch(std::int64_t step) : step_(step) {}
  void on_batch(std::int64_t step, std::span<float> x, std::span<float> /*y*/) override {
    if (step == step_) x[3] = std::numeric_limits<float>::quiet_NaN();
  }

 private:
  std::int64_t step_;
};

class FlightRecorderTest : public testing::Test {
 protected:
  Sequential model() { return build_model(stream_, parse_model_spec("2-16-relu-3"), {.seed = 1}); }
  TrainerOptions options(std::int64_t steps) const {
    return {.loss = LossKind::kSoftmaxCrossEntropy,
            .optimizer = {.kind = OptimizerKind::kAdam},
            .learning_rate = {.base = 0.01},
            .batch = 16,
            .steps = steps,
            .seed = 3};
  }
  FlightRecorderOptions into(const std::string& folder) const {
    return {.folder = folder, .settings = {{"model", "2-16-relu-3"}}, .command = {"train", "a b"}};
  }
  /// Trains past the fault; the bits of the weights.
  std::vector<std::uint32_t> train(std::vector<TrainingObserver*> observers,
                                   std::int64_t faulty_step = kFaultyStep) {
    Sequential trained = model();
    SpoilsOneBatch spoils(faulty_step);
    Trainer trainer(stream_, trained, data_, options(kFaultyStep + 10));
    trainer.add_observer(spoils);
    for (TrainingObserver* const observer : observers) trainer.add_observer(*observer);
    TreatmentObserver treatment(trainer, {.skips = true});
    trainer.run();
    return weight_bits(trained);
  }

  Stream stream_{{.device = DeviceType::kCpu, .threads = 1}};
  TrainingData data_ = ring_data();
  TemporaryFolder folder_;
  std::string place_ = folder_.file("incidents");
};

TEST_F(FlightRecorderTest, WritesWhatLedToAStepThatIsNotFinite) {
  FlightRecorder flight(into(place_));
  Recorder told;
  train({&told, &flight});
  ASSERT_EQ(flight.incidents(), std::vector<std::string>{place_ + "/incident-40"});
  ASSERT_EQ(flight.reasons().size(), 1U);
  EXPECT_TRUE(flight.reasons()[0].starts_with("non_finite (R1) in ")) << flight.reasons()[0];
  const std::vector<std::string> messages = flight.take_messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_TRUE(
      messages[0].starts_with("step 40, " + flight.reasons()[0] + ": the 32 steps up to it"))
      << messages[0];
  EXPECT_TRUE(flight.take_messages().empty());
  EXPECT_TRUE(flight.notes().empty());

  const Document json = Document::parse(read_file(place_ + "/incident-40/incident.json"));
  EXPECT_EQ(json["schema"], "gradvitals.incident/1");
  EXPECT_EQ(json["step"], kFaultyStep);
  EXPECT_EQ(json["epoch"], 8);
  EXPECT_EQ(json["checkpoint_step"], kFaultyStep);
  EXPECT_EQ(json["samples"], told.samples[kFaultyStep]);
  for (std::size_t i = 0; i < json["samples"].size(); ++i) {
    const std::size_t row = json["samples"][i];
    EXPECT_EQ(json["source_rows"][i], data_.training.source_rows.at(row));
  }
  EXPECT_EQ(json["settings"]["model"], "2-16-relu-3");
  EXPECT_EQ(json["command"], (std::vector<std::string>{"train", "a b"}));
  EXPECT_EQ(json["controls"]["skips_nonfinite"], true);
  EXPECT_EQ(json["controls"]["max_norm"], "Infinity");
  const Document& reason = json["events"][0];
  EXPECT_EQ(reason["event"], "began");
  EXPECT_EQ(reason["rule"], "R1");
  EXPECT_EQ(reason["severity"], "critical");
  EXPECT_EQ(reason["verdict"], "non_finite");
  EXPECT_EQ(reason["step"], kFaultyStep);
  EXPECT_EQ(reason["peak_step"], kFaultyStep);
  ASSERT_EQ(json["steps"].size(), 32U);
  EXPECT_EQ(json["steps"][0]["step"], 9);
  EXPECT_EQ(json["steps"][30]["loss"], told.losses[39]);
  EXPECT_EQ(json["steps"][31]["loss"], "NaN");
  EXPECT_EQ(json["steps"][31]["is_skipped"], true);
  EXPECT_EQ(json["steps"][5]["learning_rate"], 0.01);
  for (const Document& growth : json["growth"]) EXPECT_GT(growth["factor"], 1.0);
}

TEST_F(FlightRecorderTest, StepsAreAHistoryWithTheirFullStatistics) {
  FlightRecorder flight(into(place_));
  Recorder told;
  train({&told, &flight});
  const std::string path = place_ + "/incident-40/steps.jsonl";
  const std::string text = read_file(path);
  HistoryReader reader(text, path);
  std::size_t step = 9;
  std::size_t events = 0;
  while (const auto record = reader.next()) {
    const HistoryStep* const read = std::get_if<HistoryStep>(&*record);
    if (read == nullptr) {
      ++events;
      continue;
    }
    ASSERT_LE(step, 40U);
    const HealthMetrics& metrics = told.metrics[step];
    EXPECT_EQ(read->metrics.step, metrics.step);
    ASSERT_EQ(read->metrics.tensors.size(), metrics.tensors.size());
    for (std::size_t i = 0; i < metrics.tensors.size(); ++i) {
      EXPECT_EQ(read->metrics.tensors[i].name, metrics.tensors[i].name);
      EXPECT_EQ(read->metrics.tensors[i].stats.nan_count, metrics.tensors[i].stats.nan_count);
      const double norm = metrics.tensors[i].stats.l2_norm();
      EXPECT_NEAR(read->metrics.tensors[i].stats.l2_norm(), norm, 1e-8 * norm);
    }
    ++step;
  }
  EXPECT_EQ(step, 41U);
  EXPECT_GE(events, 1U);
  EXPECT_EQ(reader.notes().damaged_lines, 0);
}

TEST_F(FlightRecorderTest, TheCheckpointIsThatFromBeforeTheStep) {
  FlightRecorder flight(into(place_));
  train({&flight});
  const std::string path = place_ + "/incident-40/checkpoint.safetensors";
  EXPECT_EQ(read_checkpoint(stream_, path).step, kFaultyStep);
  Sequential undisturbed = model();
  Trainer shorter(stream_, undisturbed, data_, options(kFaultyStep));
  shorter.run();
  Sequential loaded = model();
  Trainer trainer(stream_, loaded, data_, options(kFaultyStep + 10));
  trainer.load_checkpoint(path);
  EXPECT_EQ(weight_bits(loaded), weight_bits(undisturbed));
}

TEST_F(FlightRecorderTest, ReadsBackWhatItWrote) {
  FlightRecorder flight(into(place_));
  Recorder told;
  train({&told, &flight});
  for (const char* const path : {"/incident-40", "/incident-40/incident.json"}) {
    const StoredIncident incident = read_incident(place_ + path);
    EXPECT_EQ(incident.folder, place_ + "/incident-40");
    EXPECT_EQ(incident.step, kFaultyStep);
    EXPECT_EQ(incident.rule, "R1");
    EXPECT_EQ(incident.severity, "critical");
    EXPECT_EQ(incident.verdict, "non_finite");
    EXPECT_FALSE(incident.text.empty());
    EXPECT_EQ(incident.samples, told.samples[kFaultyStep]);
    EXPECT_EQ(incident.command, (std::vector<std::string>{"train", "a b"}));
    EXPECT_EQ(incident.settings.at("model"), "2-16-relu-3");
    EXPECT_EQ(read_incident_step(incident).metrics.step, kFaultyStep);
  }
}

TEST_F(FlightRecorderTest, ATensorThatIsNotFiniteIsNamedWithItsFirstIndex) {
  class SpoilsWeights : public TrainingObserver {
   public:
    SpoilsWeights(Stream stream, Sequential& model) : stream_(stream), model_(model) {}
    void on_batch(std::int64_t step, std::span<float> /*x*/, std::span<float> /*y*/) override {
      if (step != 6) return;
      Tensor& kernel = model_.parameters()[2]->value;
      std::vector<float> values = kernel.to_host<float>();
      values[17] = -std::numeric_limits<float>::infinity();
      kernel.copy_from_host<float>(stream_, values);
    }

   private:
    Stream stream_;
    Sequential& model_;
  };
  Sequential trained = model();
  SpoilsWeights spoils(stream_, trained);
  FlightRecorder flight(into(place_));
  Trainer trainer(stream_, trained, data_, options(8));
  trainer.add_observer(spoils);
  trainer.add_observer(flight);
  trainer.run();
  ASSERT_EQ(flight.incidents().size(), 1U);
  const StoredIncident incident = read_incident(flight.incidents()[0]);
  EXPECT_EQ(incident.step, 6);
  EXPECT_EQ(incident.tensor, "dense_1/kernel");
  EXPECT_EQ(incident.first_nonfinite_index, 17);
}

TEST_F(FlightRecorderTest, NeverReplacesAnIncident) {
  for (int run = 0; run < 3; ++run) {
    FlightRecorder flight(into(place_));
    train({&flight});
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(place_)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"incident-40", "incident-40-2", "incident-40-3"}));
}

TEST_F(FlightRecorderTest, WhatCannotBeWrittenIsToldOnceAndHarmsNothing) {
  std::ofstream(place_) << "a file, no folder";
  FlightRecorder flight(into(place_));
  EXPECT_EQ(train({&flight}), train({}));
  EXPECT_TRUE(flight.incidents().empty());
  EXPECT_EQ(flight.lost_incidents(), 1);
  const std::vector<std::string> messages = flight.take_messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_NE(messages[0].find("step 40"), std::string::npos) << messages[0];
  EXPECT_NE(messages[0].find(place_), std::string::npos) << messages[0];
  EXPECT_EQ(flight.notes().size(), 1U);
}

TEST_F(FlightRecorderTest, ADiskThatIsFullInMidWritingLeavesNothingBehind) {
  const std::vector<std::uint32_t> expected = train({});
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t bytes : {100, 3000, 9000}) {
    SCOPED_TRACE(bytes);
    rlimit limited = before;
    limited.rlim_cur = bytes;
    FlightRecorder flight(into(place_));
    ::setrlimit(RLIMIT_FSIZE, &limited);
    const std::vector<std::uint32_t> trained = train({&flight});
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(trained, expected);
    EXPECT_EQ(flight.lost_incidents(), 1);
    EXPECT_TRUE(std::filesystem::is_empty(place_));
  }
  std::signal(SIGXFSZ, handler);
}

/// Tells a recorder of steps by hand.
class ToldFlightRecorder : public FlightRecorderTest {
 protected:
  static HealthEvent event(HealthEventKind kind, Severity severity) {
    HealthEvent event{.kind = kind, .step = 0, .episode = {}};
    event.episode.finding.rule = RuleId::kLossGrowth;
    event.episode.finding.severity = severity;
    event.episode.finding.verdict = Verdict::kExploding;
    event.episode.finding.text = "The loss grows.";
    return event;
  }
  void tell(FlightRecorder& flight, std::int64_t step, const std::vector<HealthEvent>& events) {
    HealthMetrics metrics;
    metrics.step = step;
    metrics.loss = 1.0;
    const StepContext context;
    const StepControls controls;
    flight.on_step({.trainer = trainer_,
                    .step = step,
                    .loss = 1.0,
                    .metrics = &metrics,
                    .context = context,
                    .controls = controls,
                    .events = events,
                    .samples = {}});
  }

  Sequential model_ = model();
  Trainer trainer_{stream_, model_, data_, options(10)};
};

TEST_F(ToldFlightRecorder, WritesWhereAnEpisodeBecomesCriticalAndAtNothingElse) {
  FlightRecorder flight(into(place_));
  tell(flight, 1, {event(HealthEventKind::kBegan, Severity::kWarning)});
  tell(flight, 2, {event(HealthEventKind::kEnded, Severity::kCritical)});
  tell(flight, 3, {});
  EXPECT_TRUE(flight.incidents().empty());
  tell(flight, 4, {event(HealthEventKind::kWorsened, Severity::kCritical)});
  EXPECT_EQ(flight.incidents(), std::vector<std::string>{place_ + "/incident-4"});
}

TEST_F(ToldFlightRecorder, TheReasonStandsFirst) {
  HealthEvent consequence = event(HealthEventKind::kBegan, Severity::kCritical);
  consequence.episode.finding.rule = RuleId::kLargeGradients;
  consequence.episode.finding.consequence_of = RuleId::kNonFinite;
  HealthEvent reason = event(HealthEventKind::kBegan, Severity::kCritical);
  reason.episode.finding.rule = RuleId::kNonFinite;
  const HealthEvent warning = event(HealthEventKind::kBegan, Severity::kWarning);
  FlightRecorder flight(into(place_));
  tell(flight, 1, {warning, consequence, reason});
  EXPECT_EQ(read_incident(place_ + "/incident-1").rule, "R1");
  tell(flight, 2, {warning, consequence});
  EXPECT_EQ(read_incident(place_ + "/incident-2").rule, "R8");
}

TEST_F(ToldFlightRecorder, KeepsNoMoreThanItsLimitAndSaysSoOnce) {
  FlightRecorderOptions options = into(place_);
  options.most_incidents = 3;
  FlightRecorder flight(options);
  for (int step = 0; step < 7; ++step) {
    tell(flight, step, {event(HealthEventKind::kBegan, Severity::kCritical)});
  }
  EXPECT_EQ(flight.incidents().size(), 3U);
  EXPECT_EQ(flight.ignored_incidents(), 4);
  EXPECT_EQ(flight.take_messages().size(), 4U);
  EXPECT_EQ(flight.notes().size(), 1U);
}

TEST_F(ToldFlightRecorder, AStepThatIsMadeAnewIsRecordedOnce) {
  FlightRecorder flight(into(place_));
  for (const int step : {0, 1, 2, 3, 2}) tell(flight, step, {});
  tell(flight, 3, {event(HealthEventKind::kBegan, Severity::kCritical)});
  const Document json = Document::parse(read_file(place_ + "/incident-3/incident.json"));
  std::vector<int> steps;
  for (const Document& step : json["steps"]) steps.push_back(step["step"]);
  EXPECT_EQ(steps, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(FlightRecorderTest, RefusesOptionsThatMeanNothing) {
  expect_invalid([] { FlightRecorder({.folder = ""}); }, {"folder"});
  expect_invalid([] { FlightRecorder({.folder = "a", .steps = 0}); }, {"0 steps"});
  expect_invalid([] { FlightRecorder({.folder = "a", .most_incidents = 0}); }, {"0 incidents"});
}

/// Reads an incident.json that says this.
void expect_refused_incident(const TemporaryFolder& folder, const std::string& text,
                             const char* word) {
  const std::string path = folder.file("incident.json");
  std::ofstream(path) << text;
  try {
    read_incident(path);
    ADD_FAILURE() << "nothing was thrown for " << text;
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(path, 0), 0U) << message;
    EXPECT_NE(message.find(word), std::string::npos) << message;
  }
}

TEST_F(FlightRecorderTest, RefusesAnIncidentThatIsDamaged) {
  FlightRecorder flight(into(place_));
  train({&flight});
  const Document good = Document::parse(read_file(place_ + "/incident-40/incident.json"));
  const auto with = [&](const char* key, Document value) {
    Document changed = good;
    changed[key] = std::move(value);
    return changed.dump();
  };
  expect_refused_incident(folder_, "", "no JSON object");
  expect_refused_incident(folder_, "[1]", "no JSON object");
  expect_refused_incident(folder_, good.dump().substr(0, 200), "no JSON object");
  expect_refused_incident(folder_, std::string(200000, '['), "no JSON object");
  expect_refused_incident(folder_, with("schema", "gradvitals.incident/2"),
                          "gradvitals.incident/1");
  expect_refused_incident(folder_, with("schema", 1), "schema");
  expect_refused_incident(folder_, with("step", -1), "step");
  expect_refused_incident(folder_, with("step", 1.5), "step");
  expect_refused_incident(folder_, with("step", 18446744073709551615U), "step");
  expect_refused_incident(folder_, with("events", Document::array()), "events");
  expect_refused_incident(folder_, with("events", {1}), "events");
  expect_refused_incident(folder_, with("samples", {"a"}), "samples");
  expect_refused_incident(folder_, with("settings", {1}), "settings");
  expect_refused_incident(folder_, with("command", "train"), "command");
  Document less = good;
  less.erase("samples");
  expect_refused_incident(folder_, less.dump(), "samples");
  EXPECT_THROW(read_incident(folder_.file("none")), InputError);
}

}  // namespace
}  // namespace gradvitals::test
