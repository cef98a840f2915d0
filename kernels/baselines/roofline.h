// Reading and copying device memory and nothing else: what no kernel that does more can beat. For
// tests and benchmarks; free of CUDA headers.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// Loads of 16 bytes that a thread has under way at a time: which number reads fastest differs from
/// GPU to GPU, so that a roofline is the best of all of them.
inline constexpr std::array<int, 3> kReadDepths = {1, 4, 8};

/// What read_all needs: a sum for each warp of the grid.
inline constexpr std::int64_t kReadWorkspaceBytes = std::int64_t{1} << 16;

/// On device cuda. Data starts at a multiple of 16 bytes and has a multiple of 16 bytes; throws
/// std::invalid_argument where it does not, for a depth that is not in kReadDepths, for a workspace
/// that is too small, and for a stream on another device.
namespace cuda {
/// Reads every word once. The workspace then holds numbers whose sum, modulo 2^32, is that of all
/// 4-byte words: who reads less gives himself away.
void read_all(Stream& stream, const void* data, std::int64_t bytes, int depth, Buffer& workspace);
void copy_all(Stream& stream, const void* source, std::int64_t bytes, void* destination);
}  // namespace cuda

/// The same kernels on device sim, where they are tested without a GPU.
namespace sim {
void read_all(Stream& stream, const void* data, std::int64_t bytes, int depth, Buffer& workspace);
void copy_all(Stream& stream, const void* source, std::int64_t bytes, void* destination);
}  // namespace sim

}  // namespace gradvitals
