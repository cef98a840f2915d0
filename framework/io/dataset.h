// Dataset: inputs and targets from files of numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gradvitals {

/// Samples in the order of their files. Row-major.
struct Dataset {
  std::int64_t rows = 0;
  std::int64_t features = 0;
  std::int64_t outputs = 0;
  std::vector<double> x;  ///< (rows, features)
  std::vector<double> y;  ///< (rows, outputs)
};

/// Reads samples from `data` and their targets from where `target` says: the column of `data` that
/// has this name; else the column with this index, from 0, or from the end where negative; else all
/// columns of a second file. Files are CSV or IDX, told by content, gzip or plain; a target file is
/// matched row by row, and every dimension of an IDX array after the first is flattened. Throws
/// InputError naming the file for what cannot be read, a target that is none of the three or whose
/// name two columns have, an index that no column has, files of different length, and where no
/// feature is left.
Dataset load_dataset(const std::string& data, const std::string& target);

/// Shifts and scales every feature to mean 0 and variance 1 over the samples; a feature that is the
/// same everywhere becomes 0. NaN and infinities do not count and stay what they are.
void standardize_features(Dataset& dataset);

/// Shifts and scales every output to [0, 1], over the samples; one that is the same everywhere
/// becomes 0. NaN and infinities do not count and stay what they are.
void rescale_targets(Dataset& dataset);

}  // namespace gradvitals
