// Targets of a data set in the form that a loss learns. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/io/dataset.h"
#include "training/training_data.h"

namespace gradvitals {

struct Targets {
  std::int64_t outputs = 0;
  std::vector<double> values;  ///< (rows, outputs)
};

/// One-hot rows of a column of class indices, or the rows themselves where they are distributions
/// already. `classes` is at least how many there are. Throws InputError naming `path` and the row
/// of a target that is none, and where all samples are of one class.
Targets as_classes(const Dataset& dataset, const std::string& path, std::int64_t classes = 0);

/// Throws InputError naming `path` and the row of a target outside of [0, 1].
void check_probabilities(const Dataset& dataset, const std::string& path);

}  // namespace gradvitals
