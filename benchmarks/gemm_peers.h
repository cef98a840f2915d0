// Products by libraries, on the CPU: what ours are measured beside.
#pragma once

#include <functional>
#include <string>

#include "kernels/ops/cpu/gemm.h"

namespace gradvitals {

/// A library that multiplies.
struct GemmPeer {
  const char* name;       ///< Of its cases.
  std::string described;  ///< By itself: "OpenBLAS 0.3.21 (Zen)".
  bool has_threads;       ///< Of its own, so that more than one can be asked for.
  void (*set_threads)(int threads);
  /// What computes the product, as often as it is called, on the threads that are set. Alpha, beta
  /// and bias are those of a product that names none.
  std::function<void()> (*prepare)(const cpu::Product<float>& product);
};

/// Null where the build found no OpenBLAS.
const GemmPeer* openblas_gemm();

/// Null where the build found no oneDNN.
const GemmPeer* onednn_gemm();

}  // namespace gradvitals
