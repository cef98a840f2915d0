// The cases of a benchmark that need a GPU.
#pragma once

namespace gradvitals {

/// Whether device cuda can be used here. Where it cannot, one line on stderr says that the cuda
/// cases of `program` are skipped, and why.
bool has_cuda(const char* program);

/// Whether cuBLAS can be used there; likewise. Opens the GPU: called where has_cuda() only.
bool has_cublas(const char* program);

/// Registers them; each program has its own. Called where has_cuda() only.
void register_cuda_cases();

}  // namespace gradvitals
