// The door to device `sim`.
#include "kernels/cuda/backend.h"

namespace gradvitals {

std::shared_ptr<Backend> make_sim_backend() {
  return sim::make_backend(DeviceType::kSim);
}

}  // namespace gradvitals
