// PyTorch's default initialisation, which no shallow network must be warned of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/ops/activation.h"

namespace gradvitals::study {

struct DefaultResult {
  Activation activation = Activation::kRelu;
  std::string shape;  ///< "64", "1024 to 16"
  int networks = 0;
  int warned = 0;
};

/// relu and tanh, 1 to 5 hidden layers, ten classes and scalar targets, `seeds` of each where no
/// layer is 1024 wide, a tenth of them where one is.
std::vector<DefaultResult> score_linear_default(std::uint64_t seeds, int workers);

}  // namespace gradvitals::study
