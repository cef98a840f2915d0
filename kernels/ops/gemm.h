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

/// Who multiplies matrices on the cuda device; the other devices have the hand-written kernels.
enum class GemmProvider : std::uint8_t { kHandWritten, kCublas };

/// What set_gemm_provider() asks of a device.
struct SetGemmProvider {
  GemmProvider provider = GemmProvider::kHandWritten;
};

/// Who multiplies on the stream from here on, in gemm and dense. cuBLAS sums in an order of its own:
/// the last bits of results differ from the hand-written kernels', and may from one GPU model or
/// cuBLAS to another. It is loaded only when asked for. Throws DeviceError, with the reason, where it
/// cannot be used, and std::invalid_argument on a device other than cuda.
void set_gemm_provider(Stream& stream, GemmProvider provider);

/// The BLAS behind large products of the cpu device: "OpenBLAS 0.3.21 (Zen)".
std::string cpu_blas_name();

}  // namespace gradvitals
