// The queue behind a stream. Private to kernels/baselines.
#pragma once

#include <string_view>

#include "kernels/runtime/cuda/backend.h"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/stream.h"
#include "kernels/runtime/validate.h"

namespace gradvitals::GPU_NAMESPACE {

/// Throws std::invalid_argument, naming `op`, where the stream is not on this build's device.
inline gpu::Queue queue_of(Stream& stream, std::string_view op) {
  auto* const backend = dynamic_cast<GpuBackend*>(stream.backend().get());
  if (backend == nullptr) validate::fail(op, "the stream is on another device");
  return backend->queue();
}

}  // namespace gradvitals::GPU_NAMESPACE
