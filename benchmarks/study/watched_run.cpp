#include "benchmarks/study/watched_run.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <random>
#include <tuple>

#include "framework/losses.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"
#include "monitor/trajectory/health_tracker.h"

namespace gradvitals::study {
namespace {

constexpr int kFirstFaultStep = 120;
constexpr int kFaultSteps = 61;
constexpr int kStepsBetweenCheckups = 10;
constexpr std::uint64_t kSeedOfFaults = 0x6661756C74;  // Apart from that of batches.

bool is_checkup_step(int step) {
  return step <= 2 || step % kStepsBetweenCheckups == 0;
}

void draw_batch(const Task& task, std::mt19937_64& random, SpoiledStep& step) {
  const auto append = [](std::vector<float>& to, const std::vector<float>& from, std::uint64_t row,
                         std::int64_t columns) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(row) * columns;
    to.insert(to.end(), first, first + columns);
  };
  step.x.clear();
  step.y.clear();
  for (std::int64_t i = 0; i < kWatchedBatch; ++i) {
    const std::uint64_t row = random() % static_cast<std::uint64_t>(task.training.rows);
    append(step.x, task.training.x, row, task.features);
    append(step.y, task.training.y, row, task.outputs);
  }
}

/// Its statistics are read by one monitor for light steps, one for check-ups, one for updates: each
/// keeps its plan.
class WatchedTraining {
 public:
  WatchedTraining(Stream& stream, const RunPlan& plan, const Task& task)
      : stream_(stream),
        plan_(plan),
        task_(task),
        model_(make_watched(stream, *plan.network, task, plan.seed)),
        optimizer_(make_optimizer_of(*plan.network)),
        tape_(stream),
        light_(stream),
        checkup_(stream),
        update_(stream),
        batches_(plan.seed),
        step_{.stream = stream,
              .network = *plan.network,
              .task = task,
              .parameters = model_.parameters(),
              .random = std::mt19937_64(plan.seed ^ kSeedOfFaults)} {}

  HealthMetrics train(int step, StepContext& context) {
    prepare(step);
    const bool is_spoiled = plan_.fault_step() && step >= *plan_.fault_step();
    if (is_spoiled && plan_.fault->before_forward != nullptr) plan_.fault->before_forward(step_);
    context = {.learning_rate = plan_.network->learning_rate * step_.rate_factor,
               .is_checkup = is_checkup_step(step)};
    tape_.reset();
    const Tensor x = Tensor::from_host<float>(stream_, {kWatchedBatch, task_.features}, step_.x);
    const Tensor y = Tensor::from_host<float>(stream_, {kWatchedBatch, task_.outputs}, step_.y);
    const Tensor error = loss(tape_, task_.loss, model_.forward(tape_, x), y);
    step_.gradients = tape_.gradient(error, step_.parameters);
    if (is_spoiled && plan_.fault->after_backward != nullptr) plan_.fault->after_backward(step_);
    HealthMetrics metrics = examine(step, context.is_checkup);
    append_updates(metrics);
    return metrics;
  }

  double score_now() {
    Tape tape(stream_, {.keep_pre_activations = false, .training = false});
    const Tensor x =
        Tensor::from_host<float>(stream_, {task_.held_out.rows, task_.features}, task_.held_out.x);
    return score(task_, model_.forward(tape, x).to_host<float>());
  }

 private:
  void prepare(int step) {
    draw_batch(task_, batches_, step_);
    step_.since = step - plan_.fault_step().value_or(0);
    step_.rate_factor = 1.0;
    step_.update_factors.assign(step_.parameters.size(), 1.0);
  }

  /// The weights are those before the update.
  HealthMetrics examine(int step, bool is_checkup) {
    std::vector<TensorView> views = tape_.views();
    for (std::size_t i = 0; i < step_.gradients.size(); ++i) {
      if (!step_.gradients[i].value) views[i].data = nullptr;  // The fault took it away.
    }
    if (!is_checkup) {
      std::erase_if(views, [](const TensorView& view) {
        return view.role != Role::kGradient && view.role != Role::kLoss;
      });
    }
    std::ranges::move(model_.views(), std::back_inserter(views));
    if (is_checkup) {
      HealthMetrics metrics = checkup_.inspect(views);
      metrics.step = step;
      return metrics;
    }
    light_.observe(views);
    light_.submit(step);
    return light_.flush().value();
  }

  void append_updates(HealthMetrics& metrics) {
    const Updates updates = apply();
    update_.observe(updates.views());
    update_.submit(0);
    std::ranges::move(update_.flush().value().tensors, std::back_inserter(metrics.tensors));
  }

  /// What the optimizer does, times the factors of the step: as with another learning rate, but for
  /// velocities, which keep the old one.
  Updates apply() {
    const auto factor = [&](std::size_t i) { return step_.rate_factor * step_.update_factors[i]; };
    std::vector<std::vector<float>> before(step_.parameters.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (factor(i) != 1.0) before[i] = step_.parameters[i]->value.to_host<float>();
    }
    Updates updates = optimizer_->apply(stream_, step_.gradients, {.skips_nonfinite = false});
    std::vector<double> squares = updates.sum_squares.to_host<double>();
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!before[i].empty()) squares[i] = stretch(*step_.parameters[i], before[i], factor(i));
    }
    updates.sum_squares.copy_from_host<double>(stream_, squares);
    return updates;
  }

  /// The sum of squares of what was applied.
  double stretch(const Parameter& parameter, const std::vector<float>& before, double factor) {
    std::vector<float> values = parameter.value.to_host<float>();
    double squares = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double change = double{values[i]} - double{before[i]};
      // 0 times infinity is no number: what is frozen stays as it was.
      values[i] = factor == 0.0 ? before[i] : static_cast<float>(before[i] + factor * change);
      squares += std::pow(double{values[i]} - double{before[i]}, 2);
    }
    parameter.value.copy_from_host<float>(stream_, values);
    return squares;
  }

  Stream& stream_;
  const RunPlan& plan_;
  const Task& task_;
  Sequential model_;
  std::unique_ptr<Optimizer> optimizer_;
  Tape tape_;
  GradientMonitor light_;
  GradientMonitor checkup_;
  GradientMonitor update_;
  std::mt19937_64 batches_;
  SpoiledStep step_;
};

}  // namespace

int fault_step_of(std::uint64_t seed) {
  return kFirstFaultStep + static_cast<int>(std::mt19937_64(seed ^ kSeedOfFaults)() % kFaultSteps);
}

std::optional<int> RunPlan::fault_step() const {
  if (fault == nullptr) return std::nullopt;
  return fault_step_of(seed);
}

RunPlan plan_of(const WatchedNetwork& network, const TrainingFault* fault, std::uint64_t seed) {
  const int steps = fault != nullptr ? fault_step_of(seed) + kStepsToName : kControlSteps;
  return {.network = &network, .fault = fault, .seed = seed, .steps = steps};
}

std::vector<Raised> raised_episodes(std::span<const HealthEvent> events,
                                    std::span<const Episode> episodes) {
  using Key = std::tuple<RuleId, Verdict, std::int64_t>;
  const auto key_of = [](const Episode& episode) {
    return Key{episode.finding.rule, episode.finding.verdict, episode.first_step};
  };
  std::map<Key, std::int64_t> steps;
  for (const HealthEvent& event : events) {
    if (event.episode.finding.severity < Severity::kWarning) continue;
    steps.emplace(key_of(event.episode), event.step);  // Keeps the first.
  }
  std::vector<Raised> raised;
  for (const Episode& episode : episodes) {
    Raised& one = raised.emplace_back(Raised{.episode = episode, .step = std::nullopt});
    if (const auto step = steps.find(key_of(episode)); step != steps.end()) one.step = step->second;
  }
  return raised;
}

WatchedRun watch_run(Stream& stream, const RunPlan& plan, const std::vector<Task>& tasks,
                     const StepObserver& observer) {
  WatchedTraining training(stream, plan, task_of(*plan.network, plan.seed, tasks));
  HealthTracker tracker;
  std::vector<HealthEvent> all;
  for (int step = 0; step < plan.steps; ++step) {
    StepContext context;
    const HealthMetrics metrics = training.train(step, context);
    const std::vector<HealthEvent> events = tracker.add(metrics, context);
    if (observer) observer(metrics, context, events);
    all.insert(all.end(), events.begin(), events.end());
  }
  return {.plan = plan,
          .score = training.score_now(),
          .episodes = raised_episodes(all, tracker.episodes())};
}

}  // namespace gradvitals::study
