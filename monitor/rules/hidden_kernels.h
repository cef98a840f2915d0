// Which kernels hold hidden units: those that another kernel takes as its inputs. Internal.
#pragma once

#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

bool is_kernel_gradient(const TensorRecord& tensor);

/// The gradients of kernels, dense and convolutional, whose units another kernel takes as its inputs.
/// Classes of a head, words of an embedding and stacked experts are slices as well, but no hidden
/// units: that the batch lacks some of them is no fault, not even where another kernel happens to
/// have as many inputs.
std::vector<const TensorRecord*> hidden_kernels(const HealthMetrics& metrics);

}  // namespace gradvitals
