// Which kernels hold hidden units: those that another kernel takes as its inputs. Internal.
#pragma once

#include <cstdint>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

bool is_kernel_gradient(const TensorRecord& tensor);

/// Units of a kernel along its unit_axis, and the size of its other dimension.
std::int64_t units_of(const TensorRecord& kernel);
std::int64_t inputs_of(const TensorRecord& kernel);

/// The gradients of kernels, dense and convolutional, whose units another kernel takes as its inputs.
/// Classes of a head, words of an embedding and stacked experts are slices as well, but no hidden
/// units: that the batch lacks some of them is no fault, not even where another kernel happens to
/// have as many inputs.
std::vector<const TensorRecord*> hidden_kernels(const HealthMetrics& metrics);

}  // namespace gradvitals
