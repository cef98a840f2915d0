// From a dump of gradients and its context to the metrics that the rules judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/io/tensor_dump.h"
#include "kernels/runtime/stream.h"
#include "monitor/metrics/health_metrics.h"

namespace gradvitals::app {

/// Names of parameters, and where they come from, for messages.
struct ParameterNames {
  std::string source;
  std::vector<std::string> names;
};

/// What is known of a dump beside its tensors. What is left empty is taken from the metadata of the
/// dump (`parameters`, `loss_scale`, `step`), where it is there.
struct DumpContext {
  std::optional<ParameterNames> parameters;
  const TensorDump* weights = nullptr;  ///< Of the same names and shapes.
  std::optional<double> loss_scale;
  std::optional<std::int64_t> step;
};

/// Metrics of one source, with its names for reports.
struct NamedMetrics {
  std::string name;
  std::string short_name;  ///< As in NetworkReport.
  HealthMetrics metrics;
  std::vector<std::string> notes;  ///< As in NetworkReport.
  std::string source;              ///< The path.
};

/// Statistics of every gradient and of the weight of its name; a gradient without elements, and a
/// parameter without gradient, is one that does not exist; gradients are divided by the loss scale.
/// Notes say which names found no partner and what of the metadata was not understood. Throws
/// InputError naming the file and the tensor where weights have another shape than their gradient,
/// and where no name is that of a gradient.
NamedMetrics examine_dump(Stream& stream, const TensorDump& file, const DumpContext& context);

}  // namespace gradvitals::app
