// Tasks of the study of verdicts: data that any small healthy network learns within 300 steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/tensor.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals::study {

/// What a score measures.
enum class Goal : std::uint8_t {
  kClasses,     ///< share of samples whose largest output is the right one
  kBinary,      ///< share of samples on the right side of even odds
  kRegression,  ///< 1 - mse / variance of the targets, cut to [0, 1]
};

/// Row-major.
struct Samples {
  std::int64_t rows = 0;
  std::vector<float> x;  ///< (rows, features), of mean 0 and variance 1
  std::vector<float> y;  ///< (rows, outputs)
};

struct Task {
  std::string name;  ///< of the data, with the loss: "digits/softmax"
  std::uint64_t seed = 0;
  Goal goal = Goal::kRegression;
  LossKind loss = LossKind::kMse;
  Activation head = Activation::kLinear;
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  Samples training{};
  Samples held_out{};
};

/// All tasks, each from two seeds: a teacher network (its value, the largest of its five outputs,
/// the sign of its value with two losses), spirals, Gaussian classes; and digits and diabetes where
/// `scikit_learn_data`, the folder of Debian's python3-sklearn, has them. What it has not is said
/// on stderr.
std::vector<Task> make_tasks(const std::string& scikit_learn_data);

/// Throws std::runtime_error naming the first file of a task that the folder has not.
void require_every_task(const std::string& scikit_learn_data);

/// 0 to rows - 1 in an order of the notebook's, the same with every library.
std::vector<std::int64_t> shuffled_rows(std::int64_t rows, std::uint64_t seed);

/// The score of predictions (rows, outputs) on the held-out samples; 0 where one is not finite.
double score(const Task& task, const std::vector<float>& predictions);

}  // namespace gradvitals::study
