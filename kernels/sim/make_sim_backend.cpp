// The door to device `sim`.
#include "kernels/runtime/cuda/backend.h"

namespace gradvitals {
namespace {

const SimDevice registered([]() -> std::shared_ptr<Backend> {
  return std::make_shared<sim::GpuBackend>();
});

}  // namespace
}  // namespace gradvitals
