// Device memory between guard words, so that a kernel that writes outside of its output is seen.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/runtime/buffer.h"
#include "kernels/runtime/matrix_view.h"
#include "kernels/runtime/stream.h"

namespace gradvitals::test {

/// `count` elements, their first byte `misalignment_bytes` behind a 64-byte boundary, poisoned with
/// 0xFF bytes (NaN in every float type) so that an element left unwritten is seen as well.
template <class T>
class GuardedBuffer {
 public:
  GuardedBuffer(Stream& stream, std::int64_t count, std::int64_t misalignment_bytes = 0)
      : stream_(stream),
        count_(count),
        offset_(kGuardBytes + misalignment_bytes),
        buffer_(stream, offset_ + count * kElementBytes + kGuardBytes) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(buffer_.bytes()), kGuard);
    std::fill_n(bytes.begin() + offset_, count * kElementBytes, kPoison);
    copy_to_device(stream, bytes.data(), buffer_.bytes(), buffer_.data());
  }

  GuardedBuffer(Stream& stream, std::span<const T> values, std::int64_t misalignment_bytes = 0)
      : GuardedBuffer(stream, std::ssize(values), misalignment_bytes) {
    upload(values);
  }

  std::int64_t count() const { return count_; }
  T* data() const { return static_cast<T*>(static_cast<void*>(bytes() + offset_)); }
  VectorView<T> vector() const { return {data(), count_}; }
  MatrixView<T> matrix(std::int64_t rows, std::int64_t cols) const { return {data(), rows, cols}; }

  /// Replaces the first values.size() elements.
  void upload(std::span<const T> values) {
    copy_to_device(stream_, values.data(), std::ssize(values) * kElementBytes, data());
  }

  std::vector<T> download() const {
    std::vector<T> values(static_cast<std::size_t>(count_));
    copy_to_host(stream_, data(), count_ * kElementBytes, values.data());
    return values;
  }

  /// Whether every byte around the elements is as it was; the message names the first that is not,
  /// by its distance from the first element.
  ::testing::AssertionResult guards_intact() const {
    std::vector<std::byte> copy(static_cast<std::size_t>(buffer_.bytes()));
    copy_to_host(stream_, buffer_.data(), buffer_.bytes(), copy.data());
    const std::int64_t end = offset_ + count_ * kElementBytes;
    for (std::int64_t i = 0; i < buffer_.bytes(); ++i) {
      if (i == offset_) i = end;
      if (copy[static_cast<std::size_t>(i)] != kGuard) {
        return ::testing::AssertionFailure() << "guard overwritten at byte " << i - offset_
                                             << " of a buffer of " << end - offset_ << " bytes";
      }
    }
    return ::testing::AssertionSuccess();
  }

 private:
  static constexpr std::int64_t kGuardBytes = 256;
  static constexpr std::int64_t kElementBytes = sizeof(T);
  static constexpr std::byte kGuard{0xA5};
  static constexpr std::byte kPoison{0xFF};

  std::byte* bytes() const { return static_cast<std::byte*>(buffer_.data()); }

  mutable Stream stream_;  // To issue work changes the queue, not the handle.
  std::int64_t count_;
  std::int64_t offset_;
  Buffer buffer_;
};

}  // namespace gradvitals::test
