#include "kernels/runtime/backend.h"

namespace gradvitals {
namespace {

constinit SimDevice::Factory sim_factory = nullptr;

}  // namespace

SimDevice::SimDevice(Factory make) {
  sim_factory = make;
}

SimDevice::Factory SimDevice::factory() {
  return sim_factory;
}

}  // namespace gradvitals
