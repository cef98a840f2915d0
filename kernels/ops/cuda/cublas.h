// Cublas: NVIDIA's cuBLAS, loaded with dlopen on first use. Linking the library would add its load
// time to every start of the program, which could not start at all on a machine without it.
#pragma once

#include <cublas_v2.h>

#include <memory>
#include <source_location>
#include <type_traits>

#include "kernels/runtime/cuda/gpu.h"

namespace gradvitals::cuda {

/// The functions of cuBLAS that are used here.
struct CublasLibrary {
  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasGetStatusName) status_name = nullptr;
  decltype(&cublasGetStatusString) status_string = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasSetWorkspace_v2) set_workspace = nullptr;
  decltype(&cublasSetPointerMode_v2) set_pointer_mode = nullptr;
  decltype(&cublasSetMathMode) set_math_mode = nullptr;
  decltype(&cublasSgemm_v2_64) sgemm = nullptr;
  decltype(&cublasNrm2Ex_64) nrm2 = nullptr;

  /// Loads the library at the first call. Throws DeviceError where it is missing or too old.
  static const CublasLibrary& get();

  /// Throws CudaError, naming the call, the code and the site, unless `status` is success.
  void check(cublasStatus_t status, const char* call,
             std::source_location site = std::source_location::current()) const;
};

/// A handle on one queue, with a workspace of its own: results are then the same bits on every run,
/// and calls can be captured in a CUDA graph. Plain float32: no TF32, unless NVIDIA's environment
/// variables enable it. Move-only; the queue must outlive it.
class Cublas {
 public:
  /// `scalars` says whether factors and results lie on the host or on the device. Throws
  /// DeviceError where cuBLAS cannot be used.
  Cublas(gpu::Queue queue, cublasPointerMode_t scalars);

  /// For calls of CublasLibrary::get(), whose status check() takes.
  cublasHandle_t handle() const { return handle_.get(); }

 private:
  struct Destroy {
    void operator()(cublasHandle_t handle) const noexcept;
  };
  struct Free {
    void operator()(void* data) const noexcept { gpu::deallocate(data); }
  };

  std::unique_ptr<void, Free> workspace_;  // Outlives the handle that works in it.
  std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, Destroy> handle_;
};

}  // namespace gradvitals::cuda
