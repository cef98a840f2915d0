// Computes:    norms[t] = L2 norm of tensor t, by cublasNrm2Ex
// Shapes:      any number of tensors of any count
// DTypes:      float32, float16, bfloat16; accumulator float32, a norm in its tensor's dtype
// Launch:      cuBLAS's own, for each tensor; no sync: norms stay on the device
// Traffic:     reads each element once -> bound by memory, and by launches where tensors are small
// Determinism: kernels/ops/cuda/cublas.cu
// Edge cases:  a tensor without elements has the norm 0; a float16 norm above 65504 is infinite
// Errors:      std::invalid_argument (norms.h); DeviceError where cuBLAS cannot be used; CudaError
//              for a failed call
// Reference:   cuBLAS documentation, cublas<t>nrm2 and cublasNrm2Ex
#include <cstring>
#include <string_view>
#include <vector>

#include "kernels/baselines/norms.h"
#include "kernels/baselines/queue_of.h"
#include "kernels/ops/cuda/cublas.h"
#include "kernels/runtime/dtype.h"

namespace gradvitals::baselines {
namespace {

constexpr std::string_view kOp = "cublas_nrm2";
constexpr std::int64_t kSlotBytes = 8;  // For a norm of any dtype.

cudaDataType type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return CUDA_R_32F;
    case DType::kFloat16:
      return CUDA_R_16F;
    case DType::kBFloat16:
      return CUDA_R_16BF;
    case DType::kFloat64:
      break;
  }
  validate::fail(kOp, "a tensor is float64");
}

template <class T>
T value_at(const char* slot) {
  T value;
  std::memcpy(&value, slot, sizeof value);
  return value;
}

double norm_at(const char* slot, DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return to_float32(value_at<Float16>(slot));
    case DType::kBFloat16:
      return to_float32(value_at<BFloat16>(slot));
    default:
      return value_at<float>(slot);
  }
}

class CublasNrm2 final : public Norms {
 public:
  CublasNrm2(Stream& stream, std::span<const TensorView> tensors)
      : stream_(stream),
        cublas_(cuda::queue_of(stream, kOp), CUBLAS_POINTER_MODE_DEVICE),
        tensors_(tensors.begin(), tensors.end()) {
    for (const TensorView& tensor : tensors_) static_cast<void>(type_of(tensor.dtype));
  }

  std::int64_t workspace_bytes() const override { return std::ssize(tensors_) * kSlotBytes; }

  void run(Buffer& workspace) override {
    const cuda::CublasLibrary& library = cuda::CublasLibrary::get();
    if (workspace.data() != zeroed_) {  // A norm may fill a part of its slot only.
      fill_zero(stream_, workspace.data(), workspace_bytes());
      zeroed_ = workspace.data();
    }
    char* slot = static_cast<char*>(workspace.data());
    for (const TensorView& tensor : tensors_) {
      const cudaDataType type = type_of(tensor.dtype);
      library.check(library.nrm2(cublas_.handle(), tensor.count, tensor.data, type, /*incx=*/1,
                                 slot, type, CUDA_R_32F),
                    "cublasNrm2Ex");
      slot += kSlotBytes;
    }
  }

  std::vector<double> read(const Buffer& workspace) const override {
    std::vector<char> slots(static_cast<std::size_t>(workspace_bytes()));
    copy_to_host(stream_, workspace.data(), workspace_bytes(), slots.data());
    std::vector<double> norms;
    const char* slot = slots.data();
    for (const TensorView& tensor : tensors_) {
      norms.push_back(norm_at(slot, tensor.dtype));
      slot += kSlotBytes;
    }
    return norms;
  }

 private:
  mutable Stream stream_;  // To issue work changes the queue, not the handle.
  cuda::Cublas cublas_;
  std::vector<TensorView> tensors_;
  const void* zeroed_ = nullptr;
};

}  // namespace

std::unique_ptr<Norms> cublas_nrm2(Stream& stream, std::span<const TensorView> tensors) {
  return std::make_unique<CublasNrm2>(stream, tensors);
}

}  // namespace gradvitals::baselines
