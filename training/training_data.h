// TrainingData: samples to train on and samples held out, from files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/io/dataset.h"
#include "kernels/ops/activation.h"
#include "kernels/ops/loss.h"

namespace gradvitals {

/// Row-major.
struct Samples {
  std::int64_t rows = 0;
  std::vector<float> x;  ///< (rows, features)
  std::vector<float> y;  ///< (rows, outputs)
  /// Which row of the file each one is, from 0 and without a header; empty where that is not known.
  std::vector<std::int64_t> source_rows{};
};

/// What becomes of the targets.
enum class TargetForm : std::uint8_t {
  kClasses,  ///< One column of whole numbers, 0 to n - 1, or their one-hot rows: one-hot rows.
  kProbabilities,  ///< As they are; each must be in [0, 1].
  kStandardized,   ///< Every column to mean 0 and variance 1.
  kUnitRange,      ///< Every column to [0, 1], as a sigmoid can reach.
};

struct TrainingData {
  std::string name;  ///< As it was asked for: "digits", or the file.
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  Samples training{};
  Samples validation{};       ///< May be empty.
  std::string description{};  ///< One line for reports: sizes, and how they were scaled.
  TargetForm form = TargetForm::kStandardized;  ///< What became of the targets.
  /// In the order of the outputs; empty where classes have none.
  std::vector<std::string> class_names{};
  /// Of one target column that holds ten different whole numbers at most: those, in ascending order, as
  /// the file has them. Else empty.
  std::vector<double> whole_targets{};
};

/// The form that the loss can learn, behind a last layer of this activation.
TargetForm target_form(LossKind loss, Activation head);

struct TrainingDataRequest {
  /// "digits", "diabetes", "fashion-mnist", or a file: CSV or IDX, plain or gzip, or safetensors or
  /// .npz with x and y.
  std::string data;
  /// Of CSV and IDX: the name or index of a column, or a second file (load_dataset()).
  std::string target{};
  /// Without it: classes for digits, fashion-mnist and targets that are names, else standardised
  /// numbers.
  std::optional<TargetForm> form{};
  double validation_share = 0.1;  ///< Held out, in [0, 1); fashion-mnist has its own 10,000.
  std::uint64_t seed = 42;        ///< Decides which samples are held out.
  /// Of a known data set's files, where they are not where Debian's packages have them.
  std::string folder{};
};

/// "digits, diabetes, fashion-mnist".
std::string known_data_sets();

/// Reads the samples, holds some out, and scales features and targets by mean and variance of the
/// training part: every feature by its own, but pixels (bytes of an IDX file) all by one. A feature
/// that does not vary becomes 0.
///
/// Throws InputError naming the file, and of a cell row and column, for what cannot be read, values
/// that are not finite, targets that are no classes or probabilities where they should be, and
/// fewer than two samples to train on; for a known data set that is not installed it says what to
/// install. Throws std::invalid_argument for a share out of range, and where a known data set is
/// given a target.
TrainingData load_training_data(const TrainingDataRequest& request);

/// The same of samples in memory. Of the request, `data` is for messages alone.
TrainingData make_training_data(const Dataset& dataset, const TrainingDataRequest& request);

}  // namespace gradvitals
