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
  std::vector<double> x;                     ///< (rows, features)
  std::vector<double> y;                     ///< (rows, outputs)
  std::vector<std::string> feature_names{};  ///< Empty where the file has no header.
  std::vector<std::string> class_names{};    ///< Of a target column of names, sorted; else empty.
  bool has_pixels = false;  ///< x are the unsigned bytes of an IDX file, all of one kind.
};

/// Reads samples from `data` and their targets from where `target` says: the column of `data` that
/// has this name; else the column with this index, from 0, or from the end where negative; else all
/// columns of a second file. The column may hold names of classes: the target is then the place of its
/// name among them (parse_csv()). Files are CSV or IDX, told by content, gzip or plain; a target file is
/// matched row by row, and every dimension of an IDX array after the first is flattened. Throws
/// InputError naming the file for what cannot be read, a target that is none of the three or whose
/// name two columns have, an index that no column has, files of different length, where no feature is
/// left, and for a file of arrays, which has its targets with it.
Dataset load_dataset(const std::string& data, const std::string& target);

/// Reads samples from arrays x and y of one file, safetensors or NumPy's .npz: x (rows,...), y (rows)
/// or (rows,outputs); further dimensions of x are flattened. Throws InputError naming the file and the
/// array, as read_batch_arrays() does and for shapes that do not fit; for another kind of file it says
/// that a target is needed.
Dataset load_dataset(const std::string& data);

/// Shifts and scales every feature to mean 0 and variance 1 over the samples; a feature that is the
/// same everywhere becomes 0. NaN and infinities do not count and stay what they are.
void standardize_features(Dataset& dataset);

/// Shifts and scales every output to [0, 1], over the samples; one that is the same everywhere
/// becomes 0. NaN and infinities do not count and stay what they are.
void rescale_targets(Dataset& dataset);

}  // namespace gradvitals
