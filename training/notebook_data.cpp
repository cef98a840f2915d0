#include "training/notebook_data.h"

#include <fmt/format.h>

#include "framework/networks.h"

namespace gradvitals {

TrainingData notebook_data(Stream& stream, std::uint64_t seed) {
  const SampleData samples = make_sample_data(stream, seed, kNotebookSamples);
  return {.name = "the notebook's samples",
          .features = samples.x.shape()[1],
          .outputs = samples.y.shape()[1],
          .training = {.rows = kNotebookSamples,
                       .x = samples.x.to_host<float>(),
                       .y = samples.y.to_host<float>()},
          .validation = {},
          .description = fmt::format("{} random samples of the notebook", kNotebookSamples)};
}

}  // namespace gradvitals
