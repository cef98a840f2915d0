// Computes:    c = alpha * op(a) op(b) + beta * c + bias; y = activation(c)
// Shapes:      op(a) (M,K), op(b) (K,N), c and y (M,N)
// DTypes:      float32
// Launch:      256 threads per 128 x 128 tile of c: 8 warps of 64 x 32, threads of 8 x 8; 16.5 KB
//              of shared memory, two strips of a and b 8 deep; no sync with the host
// Traffic:     K / 16 bytes per element of c -> bound by arithmetic: 4 loads of 16 bytes from
//              shared memory for 64 multiply-adds
// Determinism: one chain of fused multiply-adds with k ascending
// Edge cases:  tiles are padded with zeros; a matrix that does not start at 16 bytes, or whose rows
//              do not, is read element by element; K = 0 leaves beta * c + bias
// Errors:      CudaError where the launch fails
// Reference:   cpu/gemm_register_tiled.cpp; S. Boehm, "How to Optimize a CUDA Matmul Kernel", the
//              warp-tiled rung; CUTLASS, "Efficient GEMM in CUDA"
#include <cstdint>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/cuda/gemm_epilogue.cuh"
#include "kernels/runtime/cuda/gpu.h"
#include "kernels/runtime/cuda/grid.cuh"
#include "kernels/runtime/cuda/warp_reduce.cuh"

namespace gradvitals::GPU_NAMESPACE {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 128;  // Rows and columns of c for a block,
constexpr int kDepth = 8;   // and of a strip along k.
constexpr int kVector = 4;  // Elements of a 16-byte load.
constexpr int kEach = 8;    // Rows and columns for a thread, in two quads
constexpr int kWarpRows = 64;
constexpr int kWarpCols = 32;
constexpr int kLaneRows = 8;  // Lanes of a warp are 8 x 4.
constexpr int kLaneCols = 4;
constexpr int kRowQuad = kWarpRows / 2;  // that are this far apart.
constexpr int kColQuad = kWarpCols / 2;
// The start of each row stays a multiple of 16 bytes, and writing along k meets other banks.
constexpr int kStride = kTile + kVector;
static_assert(kTile * kDepth == kThreads * kVector, "a strip is one vector for each thread");
static_assert(kLaneRows * kVector * 2 == kWarpRows && kLaneCols * kVector * 2 == kWarpCols);
static_assert(kTile / kWarpRows * (kTile / kWarpCols) * kWarpThreads == kThreads);

/// Aligned for loads of quads.
struct alignas(16) Strip {
  float at[kDepth][kStride];
};

/// op(a) or op(b)^T: `extent` rows of `depth` elements along k.
struct Matrix {
  const float* data;
  std::int64_t extent;
  std::int64_t depth;
};

/// The vector of a strip that is this thread's: (row, k), and three more along k or the rows.
template <bool kAlongK>
struct StripPlace {
  int row = kAlongK ? static_cast<int>(threadIdx.x) / (kDepth / kVector)
                    : static_cast<int>(threadIdx.x) % (kTile / kVector) * kVector;
  int k = kAlongK ? static_cast<int>(threadIdx.x) % (kDepth / kVector) * kVector
                  : static_cast<int>(threadIdx.x) / (kTile / kVector);
};

template <bool kAlongK, bool kVectors>
__device__ __forceinline__ void load_strip(const Matrix& matrix, std::int64_t first, std::int64_t k,
                                           float (&out)[kVector]) {
  const StripPlace<kAlongK> place;
  const std::int64_t row = first + place.row;
  k += place.k;
  const float* from = matrix.data + (kAlongK ? row * matrix.depth + k : k * matrix.extent + row);
  if constexpr (kVectors) {
    // What lies along the vector is a multiple of four: it is inside whole, or not at all.
    float4 four = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (row < matrix.extent && k < matrix.depth) four = *reinterpret_cast<const float4*>(from);
    out[0] = four.x;
    out[1] = four.y;
    out[2] = four.z;
    out[3] = four.w;
  } else {
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const bool inside = kAlongK ? row < matrix.extent && k + i < matrix.depth
                                  : row + i < matrix.extent && k < matrix.depth;
      out[i] = inside ? from[i] : 0.0f;
    }
  }
}

template <bool kAlongK>
__device__ __forceinline__ void store_strip(const float (&from)[kVector], Strip& strip) {
  const StripPlace<kAlongK> place;
#pragma unroll
  for (int i = 0; i < kVector; ++i) {
    if constexpr (kAlongK) {
      strip.at[place.k + i][place.row] = from[i];
    } else {
      strip.at[place.k][place.row + i] = from[i];
    }
  }
}

/// The thread's eight elements of a strip's row: two quads `apart` from each other.
__device__ __forceinline__ void load_quads(const float* row, int apart, float (&out)[kEach]) {
#pragma unroll
  for (int quad = 0; quad < 2; ++quad) {
    const float4 four = *reinterpret_cast<const float4*>(row + quad * apart);
    out[kVector * quad] = four.x;
    out[kVector * quad + 1] = four.y;
    out[kVector * quad + 2] = four.z;
    out[kVector * quad + 3] = four.w;
  }
}

/// The i-th of the eight rows or columns that start at `first`.
__device__ __forceinline__ int in_quads(int first, int i, int apart) {
  return first + i / kVector * apart + i % kVector;
}

__device__ __forceinline__ void multiply_strips(const Strip& strip_a, const Strip& strip_b, int row,
                                                int col, float (&sum)[kEach][kEach]) {
#pragma unroll
  for (int k = 0; k < kDepth; ++k) {
    float a[kEach];
    float b[kEach];
    load_quads(&strip_a.at[k][row], kRowQuad, a);
    load_quads(&strip_b.at[k][col], kColQuad, b);
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
#pragma unroll
      for (int j = 0; j < kEach; ++j) sum[i][j] = fmaf(a[i], b[j], sum[i][j]);
    }
  }
}

/// The thread's elements of c from (row, col) on.
__device__ __forceinline__ void store_sums(const Product& p, std::int64_t row, std::int64_t col,
                                           const float (&sum)[kEach][kEach]) {
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t r = row + in_quads(0, i, kRowQuad);
      const std::int64_t c = col + in_quads(0, j, kColQuad);
      if (r < p.m && c < p.n) store_element(p, r, c, sum[i][j]);
    }
  }
  if (p.y == nullptr) return;
#pragma unroll 1
  for (int e = 0; e < kEach * kEach; ++e) {
    const std::int64_t r = row + in_quads(0, e / kEach, kRowQuad);
    const std::int64_t c = col + in_quads(0, e % kEach, kColQuad);
    if (r < p.m && c < p.n) activate_element(p, r, c);
  }
}

template <bool kAAlongK, bool kBAlongK, bool kVectors>
__global__ void __launch_bounds__(kThreads, kVectors ? 2 : 1) gemm_warp_tiled_kernel(Product p) {
  GPU_SHARED(Strip, strips_a, [2]);
  GPU_SHARED(Strip, strips_b, [2]);
  const Matrix a{p.a, p.m, p.k};
  const Matrix b{p.b, p.n, p.k};
  // One dimension, which alone may be longer than 65535.
  const std::int64_t across = (p.n + kTile - 1) / kTile;
  const std::int64_t first_row = blockIdx.x / across * kTile;
  const std::int64_t first_col = blockIdx.x % across * kTile;
  const int warp = static_cast<int>(threadIdx.x) / kWarpThreads;
  const int lane = static_cast<int>(threadIdx.x) % kWarpThreads;
  const int row = warp % (kTile / kWarpRows) * kWarpRows + lane / kLaneCols * kVector;
  const int col = warp / (kTile / kWarpRows) * kWarpCols + lane % kLaneCols * kVector;
  float sum[kEach][kEach] = {};
  float next_a[kVector];
  float next_b[kVector];
  load_strip<kAAlongK, kVectors>(a, first_row, 0, next_a);
  load_strip<kBAlongK, kVectors>(b, first_col, 0, next_b);
  int current = 0;
  for (std::int64_t k = 0; k < p.k; k += kDepth) {
    store_strip<kAAlongK>(next_a, strips_a[current]);
    store_strip<kBAlongK>(next_b, strips_b[current]);
    __syncthreads();
    // The next strips are on their way while these are multiplied. Beyond K they are zeros.
    load_strip<kAAlongK, kVectors>(a, first_row, k + kDepth, next_a);
    load_strip<kBAlongK, kVectors>(b, first_col, k + kDepth, next_b);
    multiply_strips(strips_a[current], strips_b[current], row, col, sum);
    // One barrier a strip is enough: who writes strip s + 2 has passed the barrier that all reach
    // after reading strip s.
    current ^= 1;
  }
  store_sums(p, first_row + row, first_col + col, sum);
}

template <bool kAAlongK, bool kBAlongK>
void launch(gpu::Queue queue, const Product& p, bool vectors) {
  const std::int64_t tiles = std::int64_t{blocks_for(p.n, kTile)} * blocks_for(p.m, kTile);
  const gpu::LaunchShape shape{blocks_for(tiles, 1), kThreads};
  if (vectors) {
    gpu::launch(gemm_warp_tiled_kernel<kAAlongK, kBAlongK, true>, shape, queue, p);
  } else {
    gpu::launch(gemm_warp_tiled_kernel<kAAlongK, kBAlongK, false>, shape, queue, p);
  }
}

bool reads_vectors(const float* data, std::int64_t row_length) {
  return starts_at_16_bytes(data) && row_length % kVector == 0;
}

}  // namespace

void gemm_warp_tiled(gpu::Queue queue, const Product& p) {
  const bool vectors = reads_vectors(p.a, p.transpose_a ? p.m : p.k) &&
                       reads_vectors(p.b, p.transpose_b ? p.k : p.n);
  if (p.transpose_a) {
    p.transpose_b ? launch<false, true>(queue, p, vectors)
                  : launch<false, false>(queue, p, vectors);
  } else {
    p.transpose_b ? launch<true, true>(queue, p, vectors) : launch<true, false>(queue, p, vectors);
  }
}

}  // namespace gradvitals::GPU_NAMESPACE
