// Samples as they are, some of them held out. load_training_data() scales them as well.
#pragma once

#include <cstdint>
#include <string>

#include "training/training_data.h"

namespace gradvitals {

/// Fewer than this are all trained on: a tenth of them would judge by chance.
inline constexpr std::int64_t kFewestToHoldOut = 200;

/// Holds out `share` of the samples, chosen by the seed, where there are kFewestToHoldOut or more.
/// Throws std::invalid_argument for a share outside of [0, 1) and for no samples.
TrainingData hold_out(const Samples& samples, std::string name, double share, std::uint64_t seed);

}  // namespace gradvitals
