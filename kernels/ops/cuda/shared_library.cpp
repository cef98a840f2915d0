#include "kernels/ops/cuda/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <utility>

#include "kernels/runtime/error.h"

namespace gradvitals::cuda {

SharedLibrary::SharedLibrary(std::string title, std::span<const char* const> names)
    : title_(std::move(title)) {
  std::string problems;
  for (const char* const name : names) {
    // All symbols now: one that is missing is an error here, not in the middle of a step.
    handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      name_ = name;
      return;
    }
    problems += fmt::format("{}{}", problems.empty() ? "" : "; ", dlerror());
  }
  throw DeviceError(fmt::format("{} cannot be used: {}", title_, problems));
}

void* SharedLibrary::address_of(const char* name) const {
  void* const address = dlsym(handle_, name);
  if (address == nullptr) {
    throw DeviceError(fmt::format("{} cannot be used: {} has no function {}", title_, name_, name));
  }
  return address;
}

}  // namespace gradvitals::cuda
