// The door to device `sim`.
#include "kernels/runtime/cuda/backend.h"

namespace gradvitals {
namespace {

const SimDevice registered([](int index, std::optional<void*> native) -> std::shared_ptr<Backend> {
  if (!native) return std::make_shared<sim::GpuBackend>(index);
  return std::make_shared<sim::GpuBackend>(index, static_cast<sim::WorkQueue*>(*native));
});

}  // namespace
}  // namespace gradvitals
