// Computes:    nothing itself: finds cuBLAS and makes handles of it
// Shapes:      none
// DTypes:      float32 stays float32 in cuBLAS: its default mode knows no TF32
// Launch:      none; making a handle waits for the GPU, cuBLAS's calls do not
// Traffic:     none
// Determinism: the same bits on every run of one GPU model and library version: a handle has one
//              queue and a fixed workspace (cuBLAS, "Results Reproducibility")
// Edge cases:  none
// Errors:      DeviceError where the library is missing or lacks a function; CudaError for a failed
//              call
// Reference:   cuBLAS documentation, "Using the cuBLAS API"
#include "kernels/ops/cuda/cublas.h"

#include <cstdint>
#include <string>

#include "kernels/ops/cuda/shared_library.h"
#include "kernels/runtime/error.h"

#define GRADVITALS_TEXT_OF(token) #token
#define GRADVITALS_TEXT(macro) GRADVITALS_TEXT_OF(macro)

namespace gradvitals::cuda {
namespace {

/// The toolkit's own version first: this is what the declarations come from. The plain name is that
/// of a development package, and may be an older one, whose lack of a function is then an error.
constexpr const char* kNames[] = {"libcublas.so." GRADVITALS_TEXT(CUBLAS_VER_MAJOR),
                                  "libcublas.so"};

/// What cuBLAS itself takes on Hopper and later ("cublasSetWorkspace"), 8 times its choice before.
constexpr std::int64_t kWorkspaceBytes = std::int64_t{32} << 20;

CublasLibrary load() {
  const SharedLibrary library("cuBLAS", kNames);
  CublasLibrary cublas;
  library.find("cublasCreate_v2", cublas.create);
  library.find("cublasDestroy_v2", cublas.destroy);
  library.find("cublasGetStatusName", cublas.status_name);
  library.find("cublasGetStatusString", cublas.status_string);
  library.find("cublasSetStream_v2", cublas.set_stream);
  library.find("cublasSetWorkspace_v2", cublas.set_workspace);
  library.find("cublasSetPointerMode_v2", cublas.set_pointer_mode);
  library.find("cublasSetMathMode", cublas.set_math_mode);
  library.find("cublasSgemm_v2_64", cublas.sgemm);
  library.find("cublasNrm2Ex_64", cublas.nrm2);
  return cublas;
}

}  // namespace

const CublasLibrary& CublasLibrary::get() {
  static const CublasLibrary library = load();
  return library;
}

void CublasLibrary::check(cublasStatus_t status, const char* call,
                          std::source_location site) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw CudaError(std::string(call) + ": " + status_name(status) + " (" +
                  std::to_string(static_cast<int>(status)) + "), " + status_string(status) +
                  ", at " + site.file_name() + ":" + std::to_string(site.line()));
}

void Cublas::Destroy::operator()(cublasHandle_t handle) const noexcept {
  static_cast<void>(CublasLibrary::get().destroy(handle));
}

Cublas::Cublas(gpu::Queue queue, cublasPointerMode_t scalars) {
  const CublasLibrary& cublas = CublasLibrary::get();
  cublasHandle_t handle = nullptr;
  cublas.check(cublas.create(&handle), "cublasCreate");
  handle_.reset(handle);
  workspace_.reset(gpu::allocate(kWorkspaceBytes));
  cublas.check(cublas.set_stream(handle, queue), "cublasSetStream");
  // After the stream, which would bring cuBLAS's own workspace back.
  cublas.check(cublas.set_workspace(handle, workspace_.get(), kWorkspaceBytes),
               "cublasSetWorkspace");
  cublas.check(cublas.set_pointer_mode(handle, scalars), "cublasSetPointerMode");
  cublas.check(cublas.set_math_mode(handle, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
}

}  // namespace gradvitals::cuda
