#include "benchmarks/study/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numbers>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

#include "framework/initializers.h"
#include "framework/io/dataset.h"

namespace gradvitals::study {
namespace {

constexpr std::uint64_t kTaskSeeds[] = {1, 2};
constexpr std::int64_t kRows = 2500;  // Of a task made from a seed.
constexpr double kHeldOutShare = 0.2;

struct Problem {
  std::int64_t rows = 0;
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  std::vector<double> x;
  std::vector<double> y;
};

std::vector<double> normals(std::uint64_t seed, std::string_view name, std::int64_t count) {
  Stream stream({.device = DeviceType::kCpu, .threads = 1});
  const std::vector<float> values =
      initialize(stream, RandomNormal{.stddev = 1.0}, {count}, random_key(seed, name))
          .to_host<float>();
  return {values.begin(), values.end()};
}

/// Mean 0 and variance 1 down every column.
void standardize(std::vector<double>& values, std::int64_t columns) {
  const auto rows = static_cast<std::int64_t>(values.size()) / columns;
  for (std::int64_t column = 0; column < columns; ++column) {
    double sum = 0.0;
    double squares = 0.0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const double value = values[row * columns + column];
      sum += value;
      squares += value * value;
    }
    const double mean = sum / static_cast<double>(rows);
    const double variance = squares / static_cast<double>(rows) - mean * mean;
    const double scale = variance > 0.0 ? 1.0 / std::sqrt(variance) : 0.0;
    for (std::int64_t row = 0; row < rows; ++row) {
      double& value = values[row * columns + column];
      value = (value - mean) * scale;
    }
  }
}

/// One column per class from a column of numbers 0, 1, ...
void use_classes(Problem& problem, std::int64_t classes) {
  std::vector<double> one_hot(static_cast<std::size_t>(problem.rows * classes), 0.0);
  for (std::int64_t row = 0; row < problem.rows; ++row) {
    one_hot[row * classes + std::llround(problem.y[row])] = 1.0;
  }
  problem.y = std::move(one_hot);
  problem.outputs = classes;
}

/// tanh(x A) b with 16 hidden units, each reached by values of standard deviation 1.5: bent enough
/// that a straight line misses part of it, smooth enough for 300 steps.
Problem teacher(std::uint64_t seed, std::int64_t outputs) {
  constexpr std::int64_t kFeatures = 10;
  constexpr std::int64_t kHidden = 16;
  constexpr double kReach = 1.5;
  Problem problem{kRows, kFeatures, outputs, normals(seed, "teacher/x", kRows * kFeatures), {}};
  const std::vector<double> a = normals(seed, "teacher/a", kFeatures * kHidden);
  const std::vector<double> b = normals(seed, "teacher/b", kHidden * outputs);
  problem.y.assign(static_cast<std::size_t>(kRows * outputs), 0.0);
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t unit = 0; unit < kHidden; ++unit) {
      double z = 0.0;
      for (std::int64_t i = 0; i < kFeatures; ++i) {
        z += problem.x[row * kFeatures + i] * a[i * kHidden + unit];
      }
      const double h = std::tanh(kReach * z / std::sqrt(static_cast<double>(kFeatures)));
      for (std::int64_t o = 0; o < outputs; ++o) {
        problem.y[row * outputs + o] += h * b[unit * outputs + o];
      }
    }
  }
  standardize(problem.y, outputs);
  return problem;
}

Problem teacher_value(std::uint64_t seed) {
  return teacher(seed, 1);
}

Problem teacher_classes(std::uint64_t seed) {
  constexpr std::int64_t kClasses = 5;
  Problem problem = teacher(seed, kClasses);
  std::vector<double> largest;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const auto first = problem.y.begin() + row * kClasses;
    largest.push_back(static_cast<double>(std::max_element(first, first + kClasses) - first));
  }
  problem.y = std::move(largest);
  use_classes(problem, kClasses);
  return problem;
}

/// Whether the teacher's value is above its median, so that guessing is right half of the time.
Problem teacher_sign(std::uint64_t seed) {
  Problem problem = teacher(seed, 1);
  std::vector<double> sorted = problem.y;
  std::ranges::sort(sorted);
  const double median = sorted[sorted.size() / 2];
  for (double& value : problem.y) value = value >= median ? 1.0 : 0.0;
  return problem;
}

/// Three arms of half a turn. More turns ask for more capacity and steps than the study gives: a
/// network would then fail for another reason than its gradients.
Problem spirals(std::uint64_t seed) {
  constexpr std::int64_t kArms = 3;
  constexpr double kTurns = 0.5;
  constexpr double kNoise = 0.03;
  Problem problem{kRows, 2, 1, {}, {}};
  const std::vector<double> noise = normals(seed, "spirals/noise", 2 * kRows);
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t arm = row % kArms;
    const double radius = 0.1 + 0.9 * static_cast<double>(row) / kRows;
    const double angle =
        2.0 * std::numbers::pi * (kTurns * radius + static_cast<double>(arm) / kArms);
    problem.x.push_back(radius * std::cos(angle) + kNoise * noise[2 * row]);
    problem.x.push_back(radius * std::sin(angle) + kNoise * noise[2 * row + 1]);
    problem.y.push_back(static_cast<double>(arm));
  }
  use_classes(problem, kArms);
  return problem;
}

/// Ten clouds whose centres lie about five of their standard deviations apart.
Problem gaussian_classes(std::uint64_t seed) {
  constexpr std::int64_t kFeatures = 20;
  constexpr std::int64_t kClasses = 10;
  constexpr double kSpread = 0.8;
  Problem problem{kRows, kFeatures, 1, normals(seed, "gaussian/noise", kRows * kFeatures), {}};
  const std::vector<double> centres = normals(seed, "gaussian/centres", kClasses * kFeatures);
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t label = row % kClasses;
    for (std::int64_t i = 0; i < kFeatures; ++i) {
      problem.x[row * kFeatures + i] += kSpread * centres[label * kFeatures + i];
    }
    problem.y.push_back(static_cast<double>(label));
  }
  use_classes(problem, kClasses);
  return problem;
}

Problem from_file(const std::string& data, const std::string& target) {
  Dataset dataset = load_dataset(data, target);
  return {dataset.rows, dataset.features, dataset.outputs, std::move(dataset.x),
          std::move(dataset.y)};
}

Samples take(const Problem& problem, std::span<const std::int64_t> rows) {
  Samples samples{std::ssize(rows), {}, {}};
  const auto append = [](std::vector<float>& to, const std::vector<double>& from, std::int64_t row,
                         std::int64_t columns) {
    for (std::int64_t i = 0; i < columns; ++i) {
      to.push_back(static_cast<float>(from[row * columns + i]));
    }
  };
  for (const std::int64_t row : rows) {
    append(samples.x, problem.x, row, problem.features);
    append(samples.y, problem.y, row, problem.outputs);
  }
  return samples;
}

/// The problem's samples in an order of the notebook's, a fifth of them held out.
Task make_task(Task task, Problem problem) {
  standardize(problem.x, problem.features);
  if (task.goal == Goal::kRegression) standardize(problem.y, problem.outputs);
  const std::vector<std::int64_t> order = shuffled_rows(problem.rows, task.seed);
  const auto held_out = static_cast<std::size_t>(kHeldOutShare * static_cast<double>(order.size()));
  const std::span<const std::int64_t> rows(order);
  task.features = problem.features;
  task.outputs = problem.outputs;
  task.held_out = take(problem, rows.first(held_out));
  task.training = take(problem, rows.subspan(held_out));
  return task;
}

struct Synthetic {
  Task description;
  Problem (*make)(std::uint64_t seed);
};

std::vector<Synthetic> synthetic_tasks() {
  using enum Goal;
  constexpr LossKind kSoftmax = LossKind::kSoftmaxCrossEntropy;
  return {
      {{.name = "teacher/mse", .goal = kRegression}, teacher_value},
      {{.name = "teacher/softmax", .goal = kClasses, .loss = kSoftmax}, teacher_classes},
      {{.name = "teacher/bce", .goal = kBinary, .loss = LossKind::kBinaryCrossEntropyFromLogits},
       teacher_sign},
      {{.name = "teacher/sigmoid-mse", .goal = kBinary, .head = Activation::kSigmoid},
       teacher_sign},
      {{.name = "spirals/softmax", .goal = kClasses, .loss = kSoftmax}, spirals},
      {{.name = "gaussian/softmax", .goal = kClasses, .loss = kSoftmax}, gaussian_classes},
  };
}

constexpr const char* kDigitsFile = "digits.csv.gz";
constexpr const char* kDiabetesFile = "diabetes_data_raw.csv.gz";
constexpr const char* kProgressionFile = "diabetes_target.csv.gz";

bool has_files(std::initializer_list<std::string> files) {
  return std::ranges::all_of(files, [](const std::string& file) {
    if (std::filesystem::exists(file)) return true;
    fmt::print(stderr, "study: no {}: the task is left out (Debian: python3-sklearn)\n", file);
    return false;
  });
}

void add_tasks_from_files(std::vector<Task>& tasks, const std::string& folder) {
  const std::string digits = fmt::format("{}/{}", folder, kDigitsFile);
  const std::string diabetes = fmt::format("{}/{}", folder, kDiabetesFile);
  const std::string progression = fmt::format("{}/{}", folder, kProgressionFile);
  constexpr std::int64_t kDigits = 10;
  const bool has_digits = has_files({digits});
  const bool has_diabetes = has_files({diabetes, progression});
  for (const std::uint64_t seed : kTaskSeeds) {
    if (has_digits) {
      Problem problem = from_file(digits, "-1");
      use_classes(problem, kDigits);
      tasks.push_back(make_task({.name = "digits/softmax",
                                 .seed = seed,
                                 .goal = Goal::kClasses,
                                 .loss = LossKind::kSoftmaxCrossEntropy},
                                std::move(problem)));
    }
    if (has_diabetes) {
      tasks.push_back(make_task({.name = "diabetes/mse", .seed = seed, .goal = Goal::kRegression},
                                from_file(diabetes, progression)));
    }
  }
}

double explained_share(const Task& task, const std::vector<float>& predictions) {
  const std::vector<float>& y = task.held_out.y;
  const double mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(y.size());
  double error = 0.0;
  double variance = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    error += std::pow(double{predictions[i]} - double{y[i]}, 2);
    variance += std::pow(double{y[i]} - mean, 2);
  }
  return std::clamp(1.0 - error / variance, 0.0, 1.0);
}

bool is_right(const Task& task, std::span<const float> prediction, std::span<const float> target) {
  if (task.goal == Goal::kBinary) {
    const float even_odds = task.head == Activation::kSigmoid ? 0.5F : 0.0F;
    return (prediction[0] > even_odds) == (target[0] > 0.5F);
  }
  return std::ranges::max_element(prediction) - prediction.begin() ==
         std::ranges::max_element(target) - target.begin();
}

}  // namespace

std::vector<std::int64_t> shuffled_rows(std::int64_t rows, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  // By hand: what std::shuffle draws is another library's choice elsewhere.
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
  return order;
}

void require_every_task(const std::string& scikit_learn_data) {
  for (const char* file : {kDigitsFile, kDiabetesFile, kProgressionFile}) {
    const std::string path = fmt::format("{}/{}", scikit_learn_data, file);
    if (std::filesystem::exists(path)) continue;
    throw std::runtime_error(fmt::format(
        "{} is missing, and a document without its task would say less than it did: "
        "install scikit-learn (Debian: python3-sklearn), or name the folder of its data "
        "with --scikit-learn; without --document the tables of the other tasks are printed",
        path));
  }
}

std::vector<Task> make_tasks(const std::string& scikit_learn_data) {
  std::vector<Task> tasks;
  for (const Synthetic& synthetic : synthetic_tasks()) {
    for (const std::uint64_t seed : kTaskSeeds) {
      Task task = synthetic.description;
      task.seed = seed;
      tasks.push_back(make_task(std::move(task), synthetic.make(seed)));
    }
  }
  add_tasks_from_files(tasks, scikit_learn_data);
  return tasks;
}

double score(const Task& task, const std::vector<float>& predictions) {
  if (!std::ranges::all_of(predictions, [](float value) { return std::isfinite(value); })) return 0;
  if (task.goal == Goal::kRegression) return explained_share(task, predictions);
  const auto outputs = static_cast<std::size_t>(task.outputs);
  std::int64_t right = 0;
  for (std::size_t row = 0; row < static_cast<std::size_t>(task.held_out.rows); ++row) {
    if (is_right(task, std::span(predictions).subspan(row * outputs, outputs),
                 std::span(task.held_out.y).subspan(row * outputs, outputs))) {
      ++right;
    }
  }
  return static_cast<double>(right) / static_cast<double>(task.held_out.rows);
}

}  // namespace gradvitals::study
