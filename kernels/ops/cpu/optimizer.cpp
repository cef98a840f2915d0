#include "kernels/ops/optimizer.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "kernels/ops/update_guard.h"
#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/cpu/optimizer.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gradvitals::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// weight = new_weight(d, i, weight) for the elements [begin, end), where i is the first of a
/// vector tagged d. Returns sum (new - old)^2. A vector holds as many floats as doubles fit, so
/// that its squares fill one vector of the sum.
template <class T, class NewWeight>
HWY_INLINE double Update(T* weight, std::int64_t begin, std::int64_t end, NewWeight new_weight) {
  const auto advance = [&](auto d, std::int64_t i, auto sum) {
    const hn::Rebind<double, decltype(d)> dd;
    const auto before = hn::LoadU(d, weight + i);
    const auto after = new_weight(d, i, before);
    hn::StoreU(after, d, weight + i);
    if constexpr (std::is_same_v<T, double>) {
      const auto step = hn::Sub(after, before);
      return hn::MulAdd(step, step, sum);
    } else {
      const auto step = hn::Sub(hn::PromoteTo(dd, after), hn::PromoteTo(dd, before));
      return hn::MulAdd(step, step, sum);
    }
  };
  const hn::ScalableTag<double> sums;
  const hn::Rebind<T, decltype(sums)> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(sums);
  std::int64_t i = begin;
  for (; i + lanes <= end; i += lanes) sum = advance(d, i, sum);

  const hn::CappedTag<double, 1> one_sum;
  const hn::Rebind<T, decltype(one_sum)> one;
  auto rest = hn::Zero(one_sum);
  for (; i < end; ++i) rest = advance(one, i, rest);
  return hn::GetLane(hn::SumOfLanes(sums, sum)) + hn::GetLane(rest);
}

template <class T, class D>
HWY_INLINE auto Scaled(D d, const T* gradient, StepConstants<T> step) {
  return hn::Mul(hn::Set(d, step.gradient_scale), hn::LoadU(d, gradient));
}

template <class T>
double Sgd(const SgdUpdate<T>& op, StepConstants<T> step, std::int64_t begin, std::int64_t end) {
  return Update(op.weight.data, begin, end, [&](auto d, std::int64_t i, auto weight) {
    return hn::NegMulAdd(hn::Set(d, step.rate), Scaled(d, op.gradient.data + i, step), weight);
  });
}

template <class T>
double Momentum(const MomentumUpdate<T>& op, StepConstants<T> step, std::int64_t begin,
                std::int64_t end) {
  const T momentum = static_cast<T>(op.momentum);
  return Update(op.weight.data, begin, end, [&](auto d, std::int64_t i, auto weight) {
    const auto move = hn::Mul(hn::Set(d, step.rate), Scaled(d, op.gradient.data + i, step));
    const auto keep = hn::Set(d, momentum);
    const auto velocity = hn::MulSub(keep, hn::LoadU(d, op.velocity.data + i), move);
    hn::StoreU(velocity, d, op.velocity.data + i);
    if (!op.nesterov) return hn::Add(weight, velocity);
    return hn::Add(weight, hn::MulSub(keep, velocity, move));
  });
}

template <class T>
double Adam(const AdamUpdate<T>& op, StepConstants<T> step, std::int64_t begin, std::int64_t end) {
  const T keep1 = static_cast<T>(op.beta1);
  const T keep2 = static_cast<T>(op.beta2);
  const T take1 = static_cast<T>(1.0 - op.beta1);
  const T take2 = static_cast<T>(1.0 - op.beta2);
  const T epsilon = static_cast<T>(op.epsilon);
  return Update(op.weight.data, begin, end, [&](auto d, std::int64_t i, auto weight) {
    const auto g = Scaled(d, op.gradient.data + i, step);
    const auto m = hn::MulAdd(hn::Set(d, keep1), hn::LoadU(d, op.first_moment.data + i),
                              hn::Mul(hn::Set(d, take1), g));
    const auto v = hn::MulAdd(hn::Set(d, keep2), hn::LoadU(d, op.second_moment.data + i),
                              hn::Mul(hn::Mul(hn::Set(d, take2), g), g));
    hn::StoreU(m, d, op.first_moment.data + i);
    hn::StoreU(v, d, op.second_moment.data + i);
    const auto divisor =
        hn::Add(hn::Sqrt(hn::Mul(v, hn::Set(d, step.second_scale))), hn::Set(d, epsilon));
    const auto move = hn::Div(hn::Mul(hn::Set(d, step.rate), m), divisor);
    // Apart, because 0 times an infinite weight is NaN.
    if (step.decay == 0) return hn::Sub(weight, move);
    return hn::Sub(weight, hn::MulAdd(hn::Set(d, step.decay), weight, move));
  });
}

double SgdFloat(const SgdUpdate<float>& op, StepConstants<float> step, std::int64_t begin,
                std::int64_t end) {
  return Sgd(op, step, begin, end);
}
double SgdDouble(const SgdUpdate<double>& op, StepConstants<double> step, std::int64_t begin,
                 std::int64_t end) {
  return Sgd(op, step, begin, end);
}
double MomentumFloat(const MomentumUpdate<float>& op, StepConstants<float> step, std::int64_t begin,
                     std::int64_t end) {
  return Momentum(op, step, begin, end);
}
double MomentumDouble(const MomentumUpdate<double>& op, StepConstants<double> step,
                      std::int64_t begin, std::int64_t end) {
  return Momentum(op, step, begin, end);
}
double AdamFloat(const AdamUpdate<float>& op, StepConstants<float> step, std::int64_t begin,
                 std::int64_t end) {
  return Adam(op, step, begin, end);
}
double AdamDouble(const AdamUpdate<double>& op, StepConstants<double> step, std::int64_t begin,
                  std::int64_t end) {
  return Adam(op, step, begin, end);
}

}  // namespace HWY_NAMESPACE
}  // namespace gradvitals::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradvitals::cpu {

HWY_EXPORT(SgdFloat);
HWY_EXPORT(SgdDouble);
HWY_EXPORT(MomentumFloat);
HWY_EXPORT(MomentumDouble);
HWY_EXPORT(AdamFloat);
HWY_EXPORT(AdamDouble);

namespace {

/// Partial sums of update_sum_squares, on the stack: a step allocates nothing.
constexpr std::int64_t kMaxChunks = 64;
/// About 20 us of Adam: less is not worth waking a thread for.
constexpr std::int64_t kMinChunkElements = 16384;

/// Whether anything was updated. Chunks depend on the count alone and are folded in order: the same
/// bits for every thread count.
template <class Op, class Function>
bool update(ThreadPool& pool, const Op& op, Function function) {
  const auto step = step_constants(op);
  const std::int64_t count = op.weight.count;
  const std::int64_t share = (count + kMaxChunks - 1) / kMaxChunks;
  const std::int64_t chunk = std::max(kMinChunkElements, share);
  const std::int64_t chunks = (count + chunk - 1) / chunk;
  std::array<double, kMaxChunks> sums{};
  if (!step.is_skipped) {
    pool.parallel_for(chunks, [&](std::int64_t i) {
      sums[static_cast<std::size_t>(i)] =
          function(op, step, i * chunk, std::min(count, (i + 1) * chunk));
    });
  }
  if (op.update_sum_squares.data != nullptr) {
    op.update_sum_squares.data[0] = std::accumulate(sums.begin(), sums.end(), 0.0);
  }
  return !step.is_skipped;
}

void sgd_float(CpuBackend& backend, const SgdUpdate<float>& op) {
  update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(SgdFloat));
}
void sgd_double(CpuBackend& backend, const SgdUpdate<double>& op) {
  update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(SgdDouble));
}
void momentum_float(CpuBackend& backend, const MomentumUpdate<float>& op) {
  update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(MomentumFloat));
}
void momentum_double(CpuBackend& backend, const MomentumUpdate<double>& op) {
  update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(MomentumDouble));
}
void adam_float(CpuBackend& backend, const AdamUpdate<float>& op) {
  if (update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(AdamFloat))) op.steps.data[0] += 1;
}
void adam_double(CpuBackend& backend, const AdamUpdate<double>& op) {
  if (update(backend.pool(), op, HWY_DYNAMIC_DISPATCH(AdamDouble))) op.steps.data[0] += 1;
}

const KernelsOf<sgd_float, sgd_double, momentum_float, momentum_double, adam_float, adam_double>
    registered;

}  // namespace
}  // namespace gradvitals::cpu
#endif  // HWY_ONCE
