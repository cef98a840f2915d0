#include "benchmarks/study/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>

#include "framework/losses.h"
#include "framework/optimizers.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"

namespace gradvitals::study {
namespace {

constexpr int kStepsBetweenScores = 50;
constexpr std::int64_t kNoInformationWidth = 256;

/// A batch on the device, filled anew from rows of the training samples.
class Batch {
 public:
  Batch(Stream& stream, const Task& task)
      : stream_(stream),
        task_(task),
        x_(stream, {kBatch, task.features}, DType::kFloat32),
        y_(stream, {kBatch, task.outputs}, DType::kFloat32) {}

  void draw(std::mt19937_64& random) {
    fill([&](std::int64_t) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(task_.training.rows));
    });
  }
  void take_first() {
    fill([](std::int64_t i) { return i; });
  }

  const Tensor& x() const { return x_; }
  const Tensor& y() const { return y_; }

 private:
  template <class RowOf>
  void fill(const RowOf& row_of) {
    host_x_.clear();
    host_y_.clear();
    const auto append = [](std::vector<float>& to, const std::vector<float>& from, std::int64_t row,
                           std::int64_t columns) {
      to.insert(to.end(), from.begin() + row * columns, from.begin() + (row + 1) * columns);
    };
    for (std::int64_t i = 0; i < kBatch; ++i) {
      const std::int64_t row = row_of(i);
      append(host_x_, task_.training.x, row, task_.features);
      append(host_y_, task_.training.y, row, task_.outputs);
    }
    x_.copy_from_host<float>(stream_, host_x_);
    y_.copy_from_host<float>(stream_, host_y_);
  }

  Stream& stream_;
  const Task& task_;
  Tensor x_;
  Tensor y_;
  std::vector<float> host_x_;
  std::vector<float> host_y_;
};

std::unique_ptr<Optimizer> make_optimizer(const Training& training) {
  if (training.method == Method::kAdam) {
    return std::make_unique<Adam>(Adam::Options{.learning_rate = training.learning_rate});
  }
  return std::make_unique<Sgd>(Sgd::Options{.learning_rate = training.learning_rate});
}

double held_out_score(Stream& stream, const Sequential& model, const Task& task) {
  Tape tape(stream, {.keep_pre_activations = false});
  const Tensor x =
      Tensor::from_host<float>(stream, {task.held_out.rows, task.features}, task.held_out.x);
  return score(task, model.forward(tape, x).to_host<float>());
}

}  // namespace

std::string Training::text() const {
  return fmt::format("{} {}", method == Method::kAdam ? "adam" : "sgd", learning_rate);
}

const Run& Trial::run_of(const Training& training) const {
  const auto run = std::ranges::find(runs, training, &Run::training);
  if (run == runs.end()) throw std::logic_error("study: no run with " + training.text());
  return *run;
}

double Trial::best_sgd_score() const {
  return std::max(score_of(kSgdLarge), score_of(kSgd));
}

HealthMetrics examine(Stream& stream, const Sequential& model, const Task& task) {
  Batch batch(stream, task);
  batch.take_first();
  Tape tape(stream);
  const Tensor error = loss(tape, task.loss, model.forward(tape, batch.x()), batch.y());
  tape.gradient(error, model.trainable_variables());
  std::vector<TensorView> views = tape.views();
  const std::vector<TensorView> weights = model.views();
  views.insert(views.end(), weights.begin(), weights.end());
  return GradientMonitor(stream).inspect(views);
}

Run train(Stream& stream, const NetworkSpec& spec, const Task& task, const Training& training,
          int steps, std::span<const int> snapshot_steps) {
  Run run{.training = training};
  const Sequential model = make_network(stream, spec, task);
  const std::vector<Parameter*> parameters = model.trainable_variables();
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(training);
  Batch batch(stream, task);
  Tape tape(stream, {.keep_pre_activations = false});
  std::mt19937_64 random(spec.seed);
  for (int step = 1; step <= steps; ++step) {
    batch.draw(random);
    tape.reset();
    const Tensor error = loss(tape, task.loss, model.forward(tape, batch.x()), batch.y());
    if (!std::isfinite(error.item())) {
      run.score = 0.0;
      return run;
    }
    optimizer->apply(stream, tape.gradient(error, parameters));
    if (step % kStepsBetweenScores == 0 || step == steps) {
      run.score = std::max(run.score, held_out_score(stream, model, task));
    }
    if (std::ranges::find(snapshot_steps, step) != snapshot_steps.end()) {
      run.snapshots.push_back({step, examine(stream, model, task)});
    }
  }
  return run;
}

Trial run_trial(Stream& stream, const NetworkSpec& spec, const Task& task) {
  Trial trial{.spec = spec,
              .at_start = examine(stream, make_network(stream, spec, task), task),
              .runs = {}};
  constexpr int kSnapshotSteps[] = {100, kTruthSteps};
  for (const Training& training : {kAdam, kSgdLarge, kSgd}) {
    trial.runs.push_back(train(stream, spec, task, training, kTruthSteps, kSnapshotSteps));
  }
  if (spec.width < kNoInformationWidth) {
    trial.runs.push_back(train(stream, spec, task, kSgdSmall, kTruthSteps, {}));
  }
  return trial;
}

}  // namespace gradvitals::study
