// Computes:    per pair of tensors sum x_i y_i, sum x_i^2 and sum y_i^2: chunk by chunk, then the chunks.
// DTypes:      float32, float64, float16, bfloat16; sums float64.
// Traffic:     reads each element once; writes 24 bytes per chunk -> bound by memory.
// Determinism: which of sixteen accumulators takes an element is decided by its index, products of the
//              narrow types are exact and those of float64 are rounded before they are added, and
//              neighbouring chunks are added up by pairs: the same bits for every thread count and
//              instruction set.
// Edge cases:  a pair without elements has a record of zeros.
// Errors:      none: the contract function (kernels/stats/tensor_dots.cpp) has checked the arguments.
// Reference:   tests/kernels/stats/tensor_dots_test.cpp holds the oracle, a loop in long double.
#include "kernels/stats/tensor_dots.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"
#include "kernels/stats/tensor_dots_chunks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/stats/cpu/tensor_dots.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/stats/cpu/float64_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// sum + x * y.
template <class T, class V>
HWY_INLINE V AddProduct(V x, V y, V sum) {
  if constexpr (std::is_same_v<T, double>) {
    return hn::Add(sum, hn::Mul(x, y));
  } else {
    return hn::MulAdd(x, y, sum);  // The product is exact, so fused or not is all the same.
  }
}

template <class T>
HWY_INLINE TensorDots ChunkDots(const T* x, const T* y, std::int64_t count) {
  using Wide = Doubles<8>;
  const typename Wide::D d;
  typename Wide::Vec dots[Wide::kVectors];
  typename Wide::Vec x_squares[Wide::kVectors];
  typename Wide::Vec y_squares[Wide::kVectors];
  for (std::int64_t k = 0; k < Wide::kVectors; ++k) {
    dots[k] = x_squares[k] = y_squares[k] = hn::Zero(d);
  }
  const auto add = [&](const T* from_x, const T* from_y) HWY_ATTR {
    HWY_UNROLL(4)
    for (std::int64_t k = 0; k < Wide::kVectors; ++k) {
      const auto a = LoadAsDouble(d, from_x, k);
      const auto b = LoadAsDouble(d, from_y, k);
      dots[k] = AddProduct<T>(a, b, dots[k]);
      x_squares[k] = AddProduct<T>(a, a, x_squares[k]);
      y_squares[k] = AddProduct<T>(b, b, y_squares[k]);
    }
  };
  std::int64_t i = 0;
  for (; i + kAccumulators <= count; i += kAccumulators) add(x + i, y + i);
  if (i < count) {
    HWY_ALIGN T last_x[kAccumulators] = {};
    HWY_ALIGN T last_y[kAccumulators] = {};
    std::copy(x + i, x + count, last_x);
    std::copy(y + i, y + count, last_y);
    add(last_x, last_y);
  }
  return {.dot = Fold(d, dots),
          .x_sum_squares = Fold(d, x_squares),
          .y_sum_squares = Fold(d, y_squares)};
}

TensorDots DotsFloat32(const float* x, const float* y, std::int64_t count) {
  return ChunkDots(x, y, count);
}
TensorDots DotsFloat64(const double* x, const double* y, std::int64_t count) {
  return ChunkDots(x, y, count);
}
TensorDots DotsFloat16(const Float16* x, const Float16* y, std::int64_t count) {
  return ChunkDots(x, y, count);
}
TensorDots DotsBFloat16(const BFloat16* x, const BFloat16* y, std::int64_t count) {
  return ChunkDots(x, y, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(DotsFloat32);
HWY_EXPORT(DotsFloat64);
HWY_EXPORT(DotsFloat16);
HWY_EXPORT(DotsBFloat16);

namespace {

// Chunks a thread takes at least: two times 2^16 float32 take some 20 us to read, and waking a
// thread costs some 10.
constexpr std::int64_t kChunksPerThread = 8;

template <class T, class Function>
void dots_of_chunks(ThreadPool& pool, const TensorPair& pair, TensorDots* chunks,
                    Function function) {
  pool.parallel_ranges(
      dots_chunks_of(pair.count), kChunksPerThread, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
          const std::int64_t first = chunk * kDotsChunk;
          chunks[chunk] =
              function(static_cast<const T*>(pair.x) + first, static_cast<const T*>(pair.y) + first,
                       std::min(kDotsChunk, pair.count - first));
        }
      });
}

void dots_of_chunks(ThreadPool& pool, const TensorPair& pair, TensorDots* chunks) {
  switch (pair.dtype) {
    case DType::kFloat32:
      return dots_of_chunks<float>(pool, pair, chunks, HWY_DYNAMIC_DISPATCH(DotsFloat32));
    case DType::kFloat64:
      return dots_of_chunks<double>(pool, pair, chunks, HWY_DYNAMIC_DISPATCH(DotsFloat64));
    case DType::kFloat16:
      return dots_of_chunks<Float16>(pool, pair, chunks, HWY_DYNAMIC_DISPATCH(DotsFloat16));
    case DType::kBFloat16:
      return dots_of_chunks<BFloat16>(pool, pair, chunks, HWY_DYNAMIC_DISPATCH(DotsBFloat16));
  }
}

/// Their sum, written over them: neighbours first, then neighbouring pairs, and so on.
TensorDots sum_of(TensorDots* chunks, std::int64_t count) {
  if (count == 0) return {};
  for (std::int64_t apart = 1; apart < count; apart *= 2) {
    for (std::int64_t i = 0; i + apart < count; i += 2 * apart) chunks[i] += chunks[i + apart];
  }
  return chunks[0];
}

void tensor_dots(CpuBackend& backend, const TensorDotsPass& pass) {
  TensorDots* chunks = pass.workspace.data;
  TensorDots* out = pass.out.data;
  for (const TensorPair& pair : pass.pairs) {
    dots_of_chunks(backend.pool(), pair, chunks);
    *out = settled(sum_of(chunks, dots_chunks_of(pair.count)));
    chunks += dots_chunks_of(pair.count);
    ++out;
  }
}

const KernelsOf<tensor_dots> registered;

}  // namespace
}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
