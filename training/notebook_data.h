// The notebook's random samples as data to train on.
#pragma once

#include <cstdint>

#include "kernels/runtime/stream.h"
#include "training/training_data.h"

namespace gradvitals {

/// Samples of make_sample_data(), which are one batch.
inline constexpr std::int64_t kNotebookSamples = 100;

/// kNotebookSamples of the seed, as they are; none is held out.
TrainingData notebook_data(Stream& stream, std::uint64_t seed);

}  // namespace gradvitals
