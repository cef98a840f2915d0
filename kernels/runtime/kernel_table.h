// KernelTable: the implementations of each op, by device. An op is a struct of arguments; its contract
// function checks them and calls run_kernel().
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "kernels/runtime/backend.h"
#include "kernels/runtime/device.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

template <class Op>
using Kernel = void (*)(Backend& backend, const Op& op);

/// The implementations of one op, one per device. Filled before main() by KernelsOf, and read-only
/// from then on.
template <class Op>
class KernelTable {
 public:
  static void add(DeviceType device, Kernel<Op> kernel) {
    kernels.at(static_cast<std::size_t>(device)) = kernel;
  }
  /// Null if the op has no implementation for the device.
  static Kernel<Op> find(DeviceType device) { return kernels[static_cast<std::size_t>(device)]; }

 private:
  static inline std::array<Kernel<Op>, kDeviceTypes> kernels{};
};

/// Registers functions of the form void(SomeBackend&, const SomeOp&) as the implementations of their
/// ops on the device of their backend. That device is current while they run (Scope). At the end of
/// the file that defines them:
///
///   const KernelsOf<gemm<float>, gemm<double>> registered;
///
/// The linker keeps such a file because its library is linked whole (cmake/GradvitalsTargets.cmake).
template <auto... kFunctions>
class KernelsOf {
 public:
  KernelsOf() { (add(kFunctions, Function<kFunctions>{}), ...); }

 private:
  template <auto kFunction>
  struct Function {};

  template <class SomeBackend, class Op, auto kFunction>
  static void add(void (*)(SomeBackend&, const Op&), Function<kFunction>) {
    KernelTable<Op>::add(SomeBackend::kDevice, [](Backend& backend, const Op& op) {
      auto& mine = static_cast<SomeBackend&>(backend);
      const typename SomeBackend::Scope scope(mine);
      kFunction(mine, op);
    });
  }
};

/// Throws std::invalid_argument: the op is not computed on the stream's device, or not in float64.
[[noreturn]] void refuse_missing_kernel(std::string_view op, DeviceType device, bool is_float64);

namespace detail {

template <class Op>
inline constexpr bool kIsFloat64 = false;
template <template <class> class Op>
inline constexpr bool kIsFloat64<Op<double>> = true;

}  // namespace detail

/// Computes an op whose arguments have been checked, on the stream's device. `name` is the op's, for
/// the error where the device does not have it.
template <class Op>
void run_kernel(Stream& stream, std::string_view name, const Op& op) {
  Backend& backend = *stream.backend();
  const Kernel<Op> kernel = KernelTable<Op>::find(backend.device().type);
  if (kernel == nullptr) refuse_missing_kernel(name, backend.device().type, detail::kIsFloat64<Op>);
  kernel(backend, op);
}

}  // namespace gradvitals
