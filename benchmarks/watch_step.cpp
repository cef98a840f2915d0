// What it costs to watch every step of a training: forward, backward and update of a network of
// the notebook on 100 samples, then the same with, one after the other, the statistics of every
// step, the judgement over time, a row of a history, and a check-up in every tenth step. All take
// turns, and the first of a turn changes from one to the next; counters say the median and the
// least time of each (..._us, ..._least_us), and what it adds to the one before, the median over
// the turns (add_..._us, add_..._percent of the bare step). Times are those that the thread had a
// core. trainer/...: the Trainer's own step without watching, beside a loop by hand, and with
// everything. tracker_light, tracker_checkup, history_row, history_row_checkup, tensorboard_step: the
// parts alone; .../600: of a model of 600 tensors. exponent_histogram: of 2^20 float32, on one thread.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/step_cases.h"
#include "framework/optimizers.h"
#include "kernels/stats/exponent_histogram.h"
#include "monitor/history/history_writer.h"
#include "monitor/report/tensorboard/tensorboard_run.h"
#include "monitor/trajectory/health_tracker.h"
#include "training/optimizer_choice.h"
#include "training/step_watch.h"
#include "training/trainer.h"

namespace gradvitals {
namespace {

constexpr int kTurns = 40;
constexpr int kStepsPerTurn = 100;
constexpr std::int64_t kCheckupEvery = 10;

/// A file that is gone at the end.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view name)
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("gradvitals-watch-step-{}-{}", static_cast<const void*>(this), name)) {}
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// What is done in a step beside training: each of these takes what those before it give.
struct Watching {
  std::string name;
  bool statistics = false;
  bool tracker = false;
  bool history = false;
  bool checkups = false;
};

/// A loop by hand over one network.
class HandLoop {
 public:
  HandLoop(Stream& stream, Step (*make)(Stream&), const Watching& watching)
      : stream_(stream),
        case_(make(stream)),
        parameters_(case_.model.trainable_variables()),
        watching_(watching),
        tape_(stream, {.keep_pre_activations = watching.checkups}),
        optimizer_(make_optimizer({.kind = OptimizerKind::kAdam})) {
    optimizer_->set_learning_rate(kRate);
    if (watching.statistics) watch_.emplace(stream, case_.model);
    if (watching.history) history_.emplace(file_.path());
  }

  void run_once() {
    tape_.reset();
    const Tensor loss = mse(tape_, case_.model.forward(tape_, case_.x), case_.y);
    const Gradients gradients = tape_.gradient(loss, parameters_);
    if (watch_) watch(gradients, loss);
    const Updates updates = optimizer_->apply(stream_, gradients);
    if (watch_) watch_->keep(updates);
    ++step_;
  }

 private:
  static constexpr double kRate = 1e-3;

  void watch(const Gradients& gradients, const Tensor& loss) {
    const bool is_checkup = watching_.checkups && step_ % kCheckupEvery == 0;
    watch_->observe(tape_, gradients, loss, step_, is_checkup);
    const HealthMetrics metrics = watch_->flush().value();
    const StepContext context{.learning_rate = kRate, .is_checkup = is_checkup};
    if (watching_.tracker) benchmark::DoNotOptimize(tracker_.add(metrics, context));
    if (history_) history_->add(metrics, context);
  }

  Stream stream_;
  Step case_;
  std::vector<Parameter*> parameters_;
  Watching watching_;
  Tape tape_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<StepWatch> watch_;
  HealthTracker tracker_;
  ScratchFile file_{watching_.name};
  std::optional<HistoryWriter> history_;
  std::int64_t step_ = 0;
};

/// A Trainer over the same samples, with a history where it watches.
class TrainerLoop : public TrainingObserver {
 public:
  TrainerLoop(Stream& stream, Step (*make)(Stream&), bool watches)
      : case_(make(stream)),
        data_(data_of(case_)),
        trainer_(stream, case_.model, data_,
                 {.batch = kNotebookBatch,
                  .steps = std::int64_t{1} << 40,
                  .watch = watches,
                  .checkup_every = kCheckupEvery}) {
    if (!watches) return;
    history_.emplace(file_.path());
    trainer_.add_observer(*this);
  }

  void on_step(const TrainingStep& step) override { history_->add(*step.metrics, step.context); }
  void run(std::int64_t steps) { trainer_.run(steps); }

 private:
  static TrainingData data_of(const Step& step) {
    return {.name = "samples",
            .features = step.x.shape()[1],
            .outputs = step.y.shape()[1],
            .training = {.rows = step.x.shape()[0],
                         .x = step.x.to_host<float>(),
                         .y = step.y.to_host<float>()},
            .validation = {},
            .description = {}};
  }

  Step case_;
  TrainingData data_;
  Trainer trainer_;
  ScratchFile file_{"trainer"};
  std::optional<HistoryWriter> history_;
};

struct Contender {
  std::string name;
  std::function<void(int)> run;  ///< So many steps.
  std::vector<double> us{};      ///< Of a step, turn by turn.
};

/// Time that this thread had a core, which is the only one that works: others that want the core are not
/// the step's doing.
double thread_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

double step_us(const Contender& contender) {
  const double start_us = thread_us();
  contender.run(kStepsPerTurn);
  return (thread_us() - start_us) / kStepsPerTurn;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Each counter is beside the contender before it, and the first is the bare step.
void race(benchmark::State& state, std::vector<Contender> contenders) {
  for (const Contender& contender : contenders) contender.run(kStepsPerTurn);
  std::size_t first = 0;
  for (auto _ : state) {
    double total_us = 0.0;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      Contender& contender = contenders[(first + i) % contenders.size()];
      contender.us.push_back(step_us(contender));
      total_us += contender.us.back();
    }
    ++first;
    state.SetIterationTime(total_us * 1e-6);
  }
  const double bare_us = median(contenders.front().us);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Contender& contender = contenders[i];
    state.counters[contender.name + "_us"] = median(contender.us);
    state.counters[contender.name + "_least_us"] = std::ranges::min(contender.us);
    if (i == 0) continue;
    // Within a turn the machine is as busy for one as for the next.
    std::vector<double> added_us;
    std::ranges::transform(contender.us, contenders[i - 1].us, std::back_inserter(added_us),
                           std::minus<>());
    const double added = median(std::move(added_us));
    state.counters["add_" + contender.name + "_us"] = added;
    state.counters["add_" + contender.name + "_percent"] = 100.0 * added / bare_us;
  }
}

Contender by_hand(Stream& stream, Step (*make)(Stream&), const Watching& watching) {
  const auto loop = std::make_shared<HandLoop>(stream, make, watching);
  return {watching.name, [loop](int steps) {
            for (int i = 0; i < steps; ++i) loop->run_once();
          }};
}

Contender by_trainer(Stream& stream, Step (*make)(Stream&), const std::string& name, bool watches) {
  const auto loop = std::make_shared<TrainerLoop>(stream, make, watches);
  return {name, [loop](int steps) { loop->run(steps); }};
}

void run_watching(benchmark::State& state, Step (*make)(Stream&)) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  std::vector<Contender> contenders;
  for (const Watching& watching : std::vector<Watching>{
           {.name = "bare"},
           {.name = "statistics", .statistics = true},
           {.name = "tracker", .statistics = true, .tracker = true},
           {.name = "history", .statistics = true, .tracker = true, .history = true},
           {.name = "checkups",
           .statistics = true,
           .tracker = true,
           .history = true,
           .checkups = true}}) {
    contenders.push_back(by_hand(stream, make, watching));
  }
  race(state, std::move(contenders));
}

void run_trainers(benchmark::State& state, Step (*make)(Stream&)) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  std::vector<Contender> contenders;
  contenders.push_back(by_hand(stream, make, {.name = "bare"}));
  contenders.push_back(by_trainer(stream, make, "trainer", /*watches=*/false));
  contenders.push_back(by_trainer(stream, make, "watched", /*watches=*/true));
  race(state, std::move(contenders));
}

/// Steps of the notebook's ReLU network as a light step, or a check-up, shows them.
std::vector<HealthMetrics> metrics_of_steps(bool is_checkup, int steps) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const Step step = relu_step(stream);
  Tape tape(stream, {.keep_pre_activations = true});
  StepWatch watch(stream, step.model);
  const auto optimizer = make_optimizer({.kind = OptimizerKind::kAdam});
  std::vector<HealthMetrics> metrics;
  for (int i = 0; i < steps; ++i) {
    tape.reset();
    const Tensor loss = mse(tape, step.model.forward(tape, step.x), step.y);
    const Gradients gradients = tape.gradient(loss, step.model.trainable_variables());
    watch.observe(tape, gradients, loss, i, is_checkup);
    metrics.push_back(watch.flush().value());
    watch.keep(optimizer->apply(stream, gradients));
  }
  metrics.erase(metrics.begin());  // It knows of no update.
  return metrics;
}

/// Four records each of 150 parameters, with the numbers of real ones.
HealthMetrics metrics_of_600_tensors() {
  HealthMetrics metrics = metrics_of_steps(/*is_checkup=*/false, 2).front();
  const std::vector<TensorRecord> kinds = metrics.tensors;
  metrics.tensors.clear();
  for (int i = 0; i < 600; ++i) {
    TensorRecord& tensor = metrics.tensors.emplace_back(kinds[i % kinds.size()]);
    tensor.name = fmt::format("block_{}/{}", i / 12, tensor.name.text());
  }
  return metrics;
}

void run_tracker(benchmark::State& state, bool is_checkup) {
  std::vector<HealthMetrics> metrics = metrics_of_steps(is_checkup, 65);
  HealthTracker tracker;
  std::int64_t step = 0;
  const auto add = [&] {
    HealthMetrics& next = metrics[static_cast<std::size_t>(step) % metrics.size()];
    next.step = step++;
    benchmark::DoNotOptimize(tracker.add(next, {.learning_rate = 1e-3, .is_checkup = is_checkup}));
  };
  for (int i = 0; i < 300; ++i) add();  // Its windows are full.
  for (auto _ : state) add();
}

void run_row(benchmark::State& state, const HealthMetrics& metrics) {
  const ScratchFile file("row");
  HistoryWriter history(file.path());
  history.add(metrics, {.learning_rate = 1e-3});
  const auto before = std::filesystem::file_size(file.path());
  history.add(metrics, {.learning_rate = 1e-3});
  state.counters["row_bytes"] =
      static_cast<double>(std::filesystem::file_size(file.path()) - before);
  for (auto _ : state) history.add(metrics, {.learning_rate = 1e-3});
  if (history.status().lost_rows > 0) throw std::runtime_error(history.status().error);
}

void run_tensorboard(benchmark::State& state, const HealthMetrics& metrics) {
  TensorBoardRun run({.run = "relu"});
  const StepContext context{.learning_rate = 1e-3};
  const VitalSigns signs;
  std::int64_t step = 0;
  const auto records = [&] {
    return run.add({.step = step++, .metrics = metrics, .context = context, .signs = signs}, 0.0);
  };
  records();  // Says what its tags mean.
  state.counters["record_bytes"] = static_cast<double>(records().size());
  for (auto _ : state) benchmark::DoNotOptimize(records());
}

void run_histogram(benchmark::State& state) {
  constexpr std::int64_t kCount = std::int64_t{1} << 20;
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  std::vector<float> values(kCount);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (float& value : values) value = normal(random);
  const TensorView view{.name = "gradient",
                        .data = values.data(),
                        .count = kCount,
                        .rows = 1,
                        .cols = kCount,
                        .device = stream.device()};
  ExponentHistogram histogram;
  for (auto _ : state) {
    exponent_histogram(stream, {.views = {&view, 1}, .out = {&histogram, 1}});
    benchmark::DoNotOptimize(histogram);
  }
  state.SetItemsProcessed(state.iterations() * kCount);
}

void register_network(const std::string& name, Step (*make)(Stream&)) {
  const auto add = [&](const std::string& what, auto run) {
    benchmark::RegisterBenchmark(fmt::format("cpu/{}/{}/1", what, name).c_str(),
                                 [run, make](benchmark::State& state) { run(state, make); })
        ->UseManualTime()
        ->Iterations(kTurns)
        ->Unit(benchmark::kMicrosecond);
  };
  add("watching", run_watching);
  add("trainer", run_trainers);
}

void register_part(const std::string& name, std::function<void(benchmark::State&)> run) {
  benchmark::RegisterBenchmark(("cpu/" + name).c_str(), std::move(run))
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

const bool kRegistered = [] {
  register_network("sigmoid_network", sigmoid_step);
  register_network("relu_network", relu_step);
  register_part("tracker_light", [](benchmark::State& state) { run_tracker(state, false); });
  register_part("tracker_checkup", [](benchmark::State& state) { run_tracker(state, true); });
  register_part("exponent_histogram", run_histogram);
  register_part("tensorboard_step", [](benchmark::State& state) {
    run_tensorboard(state, metrics_of_steps(/*is_checkup=*/false, 2).front());
  });
  register_part("history_row", [](benchmark::State& state) {
    run_row(state, metrics_of_steps(/*is_checkup=*/false, 2).front());
  });
  register_part("history_row_checkup", [](benchmark::State& state) {
    run_row(state, metrics_of_steps(/*is_checkup=*/true, 2).front());
  });
  register_part("history_row/600",
                [](benchmark::State& state) { run_row(state, metrics_of_600_tensors()); });
  return true;
}();

}  // namespace
}  // namespace gradvitals
