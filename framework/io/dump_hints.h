// Signs that a dump holds something other than gradients.
#pragma once

#include <string>
#include <vector>

#include "framework/io/tensor_dump.h"

namespace gradvitals {

/// One sentence for each sign that the tensors are something else: an optimizer's state (exp_avg,
/// momentum_buffer, ...), a model file (metadata `activations`) or a model's weights (running_mean,
/// normalisation weights that are all about 1). A hint is no error: the tensors are judged all the same. Reads the values of normalisation
/// weights alone. Names are fit to print.
std::vector<std::string> hints(const TensorDump& dump);

}  // namespace gradvitals
