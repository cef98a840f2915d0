// General matrix multiplication.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/runtime/matrix_view.h"

namespace gradvitals {

class Stream;

/// c = alpha * op(a) op(b) + beta * c, where op(a) is (M,K), op(b) is (K,N) and c is (M,N). With
/// beta 0, c is not read (NaN in it does not survive); with alpha 0, a and b are not. c overlaps
/// neither a nor b.
template <class T>
struct Gemm {
  MatrixView<const T> a;  ///< (M,K), or (K,M) with transpose_a
  MatrixView<const T> b;  ///< (K,N), or (N,K) with transpose_b
  MatrixView<T> c;        ///< (M,N)
  bool transpose_a = false;
  bool transpose_b = false;
  T alpha = 1;
  T beta = 0;
};

/// T is float or double (cpu only). Throws std::invalid_argument naming the op and the shapes.
template <class T>
void gemm(Stream& stream, const Gemm<T>& op);

/// The implementation of gemm on the cuda device; other devices have only the hand-written kernels.
enum class GemmProvider : std::uint8_t { kHandWritten, kCublas };

/// What set_gemm_provider() asks of a device.
struct SetGemmProvider {
  GemmProvider provider = GemmProvider::kHandWritten;
};

/// Selects the implementation of gemm and dense on the stream from here on. cuBLAS has its own order
/// of summation: results differ from those of the hand-written kernels in the last bits, and may
/// differ between GPU models and cuBLAS versions. The library is loaded on first use. Throws
/// DeviceError, with the reason, if it cannot be used, and std::invalid_argument on a device other
/// than cuda.
void set_gemm_provider(Stream& stream, GemmProvider provider);

/// What multiplies on the cpu device: "packed and register-tiled kernels, in blocks for 512 KiB of L2".
std::string cpu_gemm_name();

}  // namespace gradvitals
