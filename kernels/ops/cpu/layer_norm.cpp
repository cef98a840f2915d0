// The cpu device's layer normalisation: float64 sums of fixed order, a row to a thread; the sums
// over rows, a strip of columns to a thread.
#include "kernels/ops/layer_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/runtime/cpu/backend.h"
#include "kernels/runtime/kernel_table.h"

namespace gradvitals::cpu {
namespace {

/// Elements worth a thread: one takes about 1 ns, waking a thread some 10 us.
constexpr std::int64_t kThreadElements = 32768;

/// Columns summed at once: two arrays of sums stay in the first cache.
constexpr std::int64_t kStrip = 256;

std::int64_t grain(std::int64_t elements_of_one) {
  return kThreadElements / std::max<std::int64_t>(elements_of_one, 1) + 1;
}

/// The sum of term(i): eight running sums, which the compiler keeps in vectors, then a tree.
template <class Term>
double sum(std::int64_t count, Term term) {
  constexpr std::int64_t kLanes = 8;
  std::array<double, kLanes> lane{};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t k = 0; k < kLanes; ++k) lane[static_cast<std::size_t>(k)] += term(i + k);
  }
  for (; i < count; ++i) lane[static_cast<std::size_t>(i % kLanes)] += term(i);
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

template <class T>
void normalise_row(const LayerNormForward<T>& op, std::int64_t row) {
  const std::int64_t cols = op.x.cols;
  const T* x = op.x.data + row * cols;
  T* y = op.y.data + row * cols;
  const double count = static_cast<double>(cols);
  const double mean = sum(cols, [&](std::int64_t i) { return static_cast<double>(x[i]); }) / count;
  const double squares = sum(cols, [&](std::int64_t i) {
    const double d = static_cast<double>(x[i]) - mean;
    return d * d;
  });
  const double rstd = 1.0 / std::sqrt(squares / count + op.epsilon);
  op.mean.data[row] = mean;
  op.rstd.data[row] = rstd;
  for (std::int64_t i = 0; i < cols; ++i) {
    const double n = (static_cast<double>(x[i]) - mean) * rstd;
    y[i] = static_cast<T>(n * static_cast<double>(op.gamma.data[i]) +
                          static_cast<double>(op.beta.data[i]));
  }
}

template <class T>
void input_gradient_of_row(const LayerNormBackward<T>& op, std::int64_t row) {
  const std::int64_t cols = op.x.cols;
  const T* x = op.x.data + row * cols;
  const T* dy = op.dy.data + row * cols;
  T* dx = op.dx.data + row * cols;
  const double mean = op.mean.data[row];
  const double rstd = op.rstd.data[row];
  const auto normalised = [&](std::int64_t i) { return (static_cast<double>(x[i]) - mean) * rstd; };
  const auto gradient = [&](std::int64_t i) {
    return static_cast<double>(dy[i]) * static_cast<double>(op.gamma.data[i]);
  };
  const double count = static_cast<double>(cols);
  const double g_mean = sum(cols, gradient) / count;
  const double gn_mean =
      sum(cols, [&](std::int64_t i) { return gradient(i) * normalised(i); }) / count;
  for (std::int64_t i = 0; i < cols; ++i) {
    dx[i] = static_cast<T>(rstd * (gradient(i) - g_mean - normalised(i) * gn_mean));
  }
}

/// dgamma and dbeta for the columns [begin, end), at most kStrip of them.
template <class T>
void sum_columns(const LayerNormBackward<T>& op, std::int64_t begin, std::int64_t end) {
  std::array<double, kStrip> gamma_sums{};
  std::array<double, kStrip> beta_sums{};
  for (std::int64_t row = 0; row < op.x.rows; ++row) {
    const T* x = op.x.data + row * op.x.cols + begin;
    const T* dy = op.dy.data + row * op.x.cols + begin;
    const double mean = op.mean.data[row];
    const double rstd = op.rstd.data[row];
    for (std::int64_t i = 0; i < end - begin; ++i) {
      const auto gradient = static_cast<double>(dy[i]);
      gamma_sums[static_cast<std::size_t>(i)] +=
          gradient * ((static_cast<double>(x[i]) - mean) * rstd);
      beta_sums[static_cast<std::size_t>(i)] += gradient;
    }
  }
  for (std::int64_t i = 0; i < end - begin; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (op.dgamma.data != nullptr) op.dgamma.data[begin + i] = static_cast<T>(gamma_sums[index]);
    if (op.dbeta.data != nullptr) op.dbeta.data[begin + i] = static_cast<T>(beta_sums[index]);
  }
}

template <class T>
void layer_norm_forward(CpuBackend& backend, const LayerNormForward<T>& op) {
  backend.pool().parallel_ranges(op.x.rows, grain(op.x.cols),
                                 [&](std::int64_t begin, std::int64_t end) {
                                   for (std::int64_t row = begin; row < end; ++row) {
                                     normalise_row(op, row);
                                   }
                                 });
}

template <class T>
void layer_norm_backward(CpuBackend& backend, const LayerNormBackward<T>& op) {
  ThreadPool& pool = backend.pool();
  if (op.dgamma.data != nullptr || op.dbeta.data != nullptr) {
    const std::int64_t strips = (op.x.cols + kStrip - 1) / kStrip;
    pool.parallel_ranges(
        strips, grain(op.x.rows * kStrip), [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t strip = begin; strip < end; ++strip) {
            sum_columns(op, strip * kStrip, std::min(op.x.cols, (strip + 1) * kStrip));
          }
        });
  }
  if (op.dx.data == nullptr) return;
  pool.parallel_ranges(op.x.rows, grain(op.x.cols), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) input_gradient_of_row(op, row);
  });
}

const KernelsOf<layer_norm_forward<float>, layer_norm_forward<double>, layer_norm_backward<float>,
                layer_norm_backward<double>>
    registered;

}  // namespace
}  // namespace gradvitals::cpu
