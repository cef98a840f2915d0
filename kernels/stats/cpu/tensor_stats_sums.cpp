// Computes:    per chunk, from one read: sum and sum of squares in float64, the largest and the
//              smallest nonzero |x| as integers (the order of |x| is that of its bits), the zeros.
// DTypes:      float32, float64, float16, bfloat16; accumulators float64.
// Traffic:     reads each element once -> bound by memory at DRAM sizes, by arithmetic in cache.
// Determinism: which accumulator of sixteen takes an element, and when, is decided by its index and
//              the count alone, and the sixteen are added in one order, for every vector length;
//              squares of the narrow types are exact in float64, those of float64 are rounded
//              before they are added. So the bits do not depend on the CPU.
// Edge cases:  the maximum tells whether a chunk has NaN or Inf, the minimum whether it has
//              subnormals; only then is it read again. Zeros take no branch at all.
// Reference:   tests/kernels/stats/tensor_stats_test.cpp holds the oracle, a loop in long double.
#include "kernels/stats/cpu/tensor_stats_sums.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "kernels/runtime/cpu/sized_targets.h"
#include "kernels/stats/stored.h"
#include "kernels/stats/tensor_stats_layout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/stats/cpu/tensor_stats_sums.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/stats/cpu/float64_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr std::int64_t kLineBytes = 64;

/// The accumulators of one chunk, in vectors of kDoubles float64 at most.
template <class T, std::int64_t kDoubles>
class Accumulators {
  using D64 = typename Doubles<kDoubles>::D;
  using Vec64 = typename Doubles<kDoubles>::Vec;
  static constexpr std::int64_t kVectors64 = Doubles<kDoubles>::kVectors;

 public:
  using Bits = BitsOf<T>;
  /// Elements taken at a time: 64 bytes, but no fewer than there are accumulators.
  static constexpr std::int64_t kBlock =
      std::max<std::int64_t>(64 / static_cast<std::int64_t>(sizeof(T)), kAccumulators);

  HWY_INLINE Accumulators() {
    HWY_UNROLL(8)
    for (std::int64_t k = 0; k < kVectors64; ++k) squares_[k] = sums_[k] = hn::Zero(D64());
    max_ = hn::Zero(DBits());
    min_ = hn::Set(DBits(), std::numeric_limits<Bits>::max());
    if constexpr (!kCountsByMask) zeros_ = hn::Zero(DBits());
  }

  HWY_INLINE void Add(const T* block) {
    for (std::int64_t group = 0; group < kBlock; group += kAccumulators) {
      for (std::int64_t k = 0; k < kVectors64; ++k) {
        const Vec64 x = LoadAsDouble(D64(), block + group, k);
        squares_[k] = AddSquare(x, squares_[k]);
        sums_[k] = hn::Add(sums_[k], x);
      }
    }
    for (std::int64_t i = 0; i < kBlock; i += kLanesBits) {
      AddBits(hn::LoadU(DBits(), reinterpret_cast<const Bits*>(block) + i));
    }
  }

  HWY_INLINE ChunkSums Result() {
    const DBits d;
    ChunkSums result;
    result.sum_squares = Fold(D64(), squares_);
    result.sum = Fold(D64(), sums_);
    result.max_bits = hn::GetLane(hn::MaxOfLanes(d, max_));
    const Bits min = hn::GetLane(hn::MinOfLanes(d, min_));
    if (min < std::numeric_limits<Bits>::max()) {
      result.min_bits = static_cast<std::uint64_t>(min) + (kHasMasks ? 0 : 1);
    }
    if constexpr (kCountsByMask) {
      result.zero_count = static_cast<std::int64_t>(zero_count_);
    } else {
      result.zero_count = static_cast<std::int64_t>(hn::GetLane(hn::SumOfLanes(d, zeros_)));
    }
    return result;
  }

 private:
  using DBits = hn::CappedTag<Bits, 64 / sizeof(Bits)>;
  using VecBits = hn::Vec<DBits>;
  static constexpr std::int64_t kLanesBits = hn::MaxLanes(DBits());
  static constexpr int kSignShift = 8 * sizeof(Bits) - 1;
  /// AVX-512 leaves zeros out of the minimum, and counts them, by a mask of one instruction.
  static constexpr bool kHasMasks = HWY_TARGET <= HWY_AVX3;
  /// x86 counts the highest bits of wide lanes outside of the vector units, the bottleneck.
  static constexpr bool kCountsByMask =
      kHasMasks ||
      (HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128 && sizeof(Bits) >= 4);

  static HWY_INLINE Vec64 AddSquare(Vec64 x, Vec64 sum) {
    if constexpr (std::is_same_v<T, double>) {
      return hn::Add(sum, hn::Mul(x, x));
    } else {
      return hn::MulAdd(x, x, sum);  // The square is exact, so fused or not is all the same.
    }
  }

  HWY_INLINE void AddBits(VecBits bits) {
    const DBits d;
    const VecBits magnitude = hn::And(bits, hn::Set(d, Stored<T>::kMagnitude));
    max_ = hn::Max(max_, magnitude);
    if constexpr (kHasMasks) {
      const auto nonzero = hn::Ne(magnitude, hn::Zero(d));
      min_ = hn::IfThenElse(nonzero, hn::Min(min_, magnitude), min_);
      zero_count_ += static_cast<std::size_t>(kLanesBits) - hn::CountTrue(d, nonzero);
      return;
    }
    // Less one, zero becomes the largest of all: it is no minimum, and its highest bit counts it.
    const VecBits less_one = hn::Sub(magnitude, hn::Set(d, 1));
    min_ = hn::Min(min_, less_one);
    if constexpr (kCountsByMask) {
      const hn::RebindToSigned<DBits> signed_d;
      zero_count_ +=
          hn::CountTrue(signed_d, hn::Lt(hn::BitCast(signed_d, less_one), hn::Zero(signed_d)));
    } else {
      zeros_ = hn::Add(zeros_, hn::ShiftRight<kSignShift>(less_one));
    }
  }

  Vec64 squares_[kVectors64];
  Vec64 sums_[kVectors64];
  VecBits max_;
  VecBits min_;                 // Less one, unless kHasMasks.
  VecBits zeros_;               // Unless kCountsByMask.
  std::size_t zero_count_ = 0;  // Where kCountsByMask.
};

/// Prefetches kBytes of `memory` from `offset` on, up to its end.
template <std::int64_t kBytes>
HWY_INLINE void Prefetch(std::span<const std::byte> memory, std::int64_t offset) {
  const std::int64_t rest = std::ssize(memory) - offset;
  if (rest >= kBytes) {
    HWY_UNROLL(4)
    for (std::int64_t line = 0; line < kBytes; line += kLineBytes) {
      hwy::Prefetch(memory.data() + offset + line);
    }
  } else {
    for (std::int64_t line = 0; line < rest; line += kLineBytes) {
      hwy::Prefetch(memory.data() + offset + line);
    }
  }
}

/// Whether both halves of the next chunk are prefetched. Zen 3 streams faster from two places than
/// from one (`tensor_stats cpu/record/gpt2_124m_f32/0/cold/1`: 37 ms, and 42 ms with
/// kPrefetchDistance; float64 69 and 77 ms), other CPUs with AVX2 and without AVX-512 were not measured.
/// With 16-bit elements the loop is bound by arithmetic.
template <class T>
inline constexpr bool kPrefetchesInHalves = HWY_TARGET == HWY_AVX2 && sizeof(T) >= 4;
/// Smaller chunks are slower that way (5000 x 1000: 1.7 ms, and 1.3 ms with kPrefetchDistance).
inline constexpr std::int64_t kLeastBytesInHalves = 8192;

/// How far ahead other CPUs prefetch, in bytes. Zen 4 takes 17 ms for the same case, as the fastest
/// read-only loop does, and 25 ms if it prefetches the next chunk.
inline constexpr std::int64_t kPrefetchDistance = 4096;

template <std::int64_t kDoubles, class T>
HWY_INLINE ChunkSums SumBlocks(const T* data, std::int64_t count, std::span<const std::byte> next) {
  using Sums = Accumulators<T, kDoubles>;
  constexpr std::int64_t kBlock = Sums::kBlock;
  // Elements that are prefetched at a time.
  constexpr std::int64_t kStep = 4 * kBlock;
  constexpr std::int64_t kStepBytes = kStep * static_cast<std::int64_t>(sizeof(T));
  const std::span all = std::as_bytes(std::span(data, static_cast<std::size_t>(count)));
  Sums sums;
  std::int64_t i = 0;
  const auto add_step = [&]() HWY_ATTR {
    HWY_UNROLL(1)  // Four blocks at once need more registers than AVX2 has.
    for (std::int64_t k = 0; k < kStep; k += kBlock) sums.Add(data + i + k);
  };
  if (kPrefetchesInHalves<T> && next.size() == all.size() &&
      std::ssize(all) >= kLeastBytesInHalves) {
    static_assert(kStepBytes % (2 * kLineBytes) == 0, "or lines would be prefetched twice");
    const std::byte* first = next.data();
    const std::byte* second = next.data() + next.size() / 2;
    for (; i + kStep <= count; i += kStep) {
      HWY_UNROLL(4)
      for (std::int64_t line = 0; line < kStepBytes / 2; line += kLineBytes) {
        hwy::Prefetch(first + line);
        hwy::Prefetch(second + line);
      }
      first += kStepBytes / 2;
      second += kStepBytes / 2;
      add_step();
    }
  }
  for (; i + kStep <= count; i += kStep) {
    const std::int64_t ahead = i * static_cast<std::int64_t>(sizeof(T)) + kPrefetchDistance;
    if (ahead < std::ssize(all)) {
      Prefetch<kStepBytes>(all, ahead);
    } else {
      Prefetch<kStepBytes>(next, ahead - std::ssize(all));
    }
    add_step();
  }
  const std::int64_t whole = count - count % kBlock;
  for (; i < whole; i += kBlock) sums.Add(data + i);
  if (whole == count) return sums.Result();
  // Padding with zeros changes nothing but their count.
  HWY_ALIGN T last[kBlock] = {};
  if (whole > 0) {
    // The last block once more, without what has been added: copying a variable count is slower.
    const std::int64_t added = whole + kBlock - count;
    for (std::int64_t k = 0; k < kBlock; ++k) {
      const T value = data[count - kBlock + k];
      last[k] = k < added ? T{} : value;
    }
  } else {
    std::copy(data, data + count, last);
  }
  sums.Add(last);
  ChunkSums result = sums.Result();
  result.zero_count -= whole + kBlock - count;
  return result;
}

/// Where a vector has eight float64: small tensors are often in cache, and four float32 at a time
/// are converted there in half of the operations that eight take (Zen 4: 1.53 us for the notebook's
/// network, 1.73 with eight). Large ones come from memory, which waits for the fewer instructions
/// (17.1 ms for the shapes of GPT-2, 18.1 with four).
template <class T>
HWY_INLINE ChunkSums SumChunk(const T* data, std::int64_t count, std::span<const std::byte> next) {
  if constexpr (std::is_same_v<T, float> && Doubles<8>::kLanes == 8) {
    if (count < TensorStatsLayout::kChunkElements) return SumBlocks<4>(data, count, next);
  }
  return SumBlocks<8>(data, count, next);
}

template <class T>
HWY_INLINE std::int64_t CountSubnormals(const T* data, std::int64_t count) {
  using Bits = BitsOf<T>;
  // Without their signs, signed and unsigned are in one order, and every CPU compares the signed.
  using Signed = std::make_signed_t<Bits>;
  const hn::CappedTag<Signed, 64 / sizeof(Bits)> d;
  const auto mask = hn::Set(d, static_cast<Signed>(Stored<T>::kMagnitude));
  const auto min_normal = hn::Set(d, static_cast<Signed>(Stored<T>::kMinNormal));
  const auto* bits = reinterpret_cast<const Signed*>(data);
  const auto count_in = [&](const Signed* from) HWY_ATTR {
    const auto magnitude = hn::And(hn::LoadU(d, from), mask);
    return hn::CountTrue(d, hn::And(hn::Gt(magnitude, hn::Zero(d)), hn::Lt(magnitude, min_normal)));
  };
  constexpr std::int64_t kLanes = hn::MaxLanes(d);
  std::size_t found = 0;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) found += count_in(bits + i);
  HWY_ALIGN Signed last[kLanes] = {};
  std::copy(bits + i, bits + count, last);
  return static_cast<std::int64_t>(found + count_in(last));
}

ChunkSums SumFloat32(const float* data, std::int64_t count, std::span<const std::byte> next) {
  return SumChunk(data, count, next);
}
ChunkSums SumFloat64(const double* data, std::int64_t count, std::span<const std::byte> next) {
  return SumChunk(data, count, next);
}
ChunkSums SumFloat16(const Float16* data, std::int64_t count, std::span<const std::byte> next) {
  return SumChunk(data, count, next);
}
ChunkSums SumBFloat16(const BFloat16* data, std::int64_t count, std::span<const std::byte> next) {
  return SumChunk(data, count, next);
}

std::int64_t SubnormalsFloat32(const float* data, std::int64_t count) {
  return CountSubnormals(data, count);
}
std::int64_t SubnormalsFloat64(const double* data, std::int64_t count) {
  return CountSubnormals(data, count);
}
std::int64_t SubnormalsFloat16(const Float16* data, std::int64_t count) {
  return CountSubnormals(data, count);
}
std::int64_t SubnormalsBFloat16(const BFloat16* data, std::int64_t count) {
  return CountSubnormals(data, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(SumFloat32);
HWY_EXPORT(SumFloat64);
HWY_EXPORT(SumFloat16);
HWY_EXPORT(SumBFloat16);
HWY_EXPORT(SubnormalsFloat32);
HWY_EXPORT(SubnormalsFloat64);
HWY_EXPORT(SubnormalsFloat16);
HWY_EXPORT(SubnormalsBFloat16);

ChunkSums sum_chunk(const float* data, std::int64_t count, std::span<const std::byte> next) {
  return HWY_DYNAMIC_DISPATCH(SumFloat32)(data, count, next);
}
ChunkSums sum_chunk(const double* data, std::int64_t count, std::span<const std::byte> next) {
  return HWY_DYNAMIC_DISPATCH(SumFloat64)(data, count, next);
}
ChunkSums sum_chunk(const Float16* data, std::int64_t count, std::span<const std::byte> next) {
  return HWY_DYNAMIC_DISPATCH(SumFloat16)(data, count, next);
}
ChunkSums sum_chunk(const BFloat16* data, std::int64_t count, std::span<const std::byte> next) {
  return HWY_DYNAMIC_DISPATCH(SumBFloat16)(data, count, next);
}

std::int64_t count_subnormals(const float* data, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(SubnormalsFloat32)(data, count);
}
std::int64_t count_subnormals(const double* data, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(SubnormalsFloat64)(data, count);
}
std::int64_t count_subnormals(const Float16* data, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(SubnormalsFloat16)(data, count);
}
std::int64_t count_subnormals(const BFloat16* data, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(SubnormalsBFloat16)(data, count);
}

}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
