// Tensor: a shared handle to typed device memory with a shape.
#pragma once

#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "framework/shape.h"
#include "kernels/runtime/buffer.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/matrix_view.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// Row-major elements on one device. Copying a Tensor copies a handle: both name the same memory,
/// and a const Tensor is a constant handle, not constant memory (as with std::shared_ptr). Two
/// tensors are the same one, to a tape and to an optimizer, if they share memory.
class Tensor {
 public:
  /// No tensor: has_value() is false, and nothing else may be asked.
  Tensor() = default;
  /// Uninitialised elements.
  Tensor(Stream& stream, const Shape& shape, DType dtype);

  static Tensor zeros(Stream& stream, const Shape& shape, DType dtype = DType::kFloat32);

  /// Copies host elements, row-major: `Tensor::from_host<float>(stream, {2, 3}, values)`. T is
  /// float or double. Throws std::invalid_argument where their number is not the shape's.
  template <class T>
  static Tensor from_host(Stream& stream, const Shape& shape,
                          std::type_identity_t<std::span<const T>> values);

  bool has_value() const { return storage_ != nullptr; }
  const Shape& shape() const { return storage_->shape; }
  DType dtype() const { return storage_->dtype; }
  const Device& device() const { return storage_->device; }
  std::int64_t count() const { return storage_->shape.count(); }
  void* data() const { return storage_->buffer.data(); }
  bool shares_memory_with(const Tensor& other) const { return storage_ == other.storage_; }

  /// As a matrix: (1,1) for a scalar, (1,N) for a vector. Throws std::invalid_argument naming shape
  /// or dtype for rank 3 and more, and where T is not the element type.
  template <class T>
  MatrixView<T> as() const;
  /// As a vector, for any rank. Throws std::invalid_argument where T is not the element type.
  template <class T>
  VectorView<T> flat() const;

  /// Elements on the host, row-major; waits for the stream that the tensor was made on. Throws as flat().
  template <class T>
  std::vector<T> to_host() const;
  /// Overwrites all elements. Throws std::invalid_argument for a wrong count, dtype or
  /// device.
  template <class T>
  void copy_from_host(Stream& stream, std::type_identity_t<std::span<const T>> values) const;
  /// The only element (a loss), widened to double; waits as to_host(). Throws std::invalid_argument
  /// naming the shape where there is not exactly one.
  double item() const;

 private:
  friend class Tape;

  struct Storage {
    Shape shape;
    DType dtype;
    Device device;
    Stream stream;
    Buffer buffer;
  };

  std::shared_ptr<Storage> storage_;
  // Where the tape that made it recorded it. A hint: the tape checks that its record shares this
  // memory, so that a tensor of another tape, or from before a reset, counts as a constant.
  int tape_position_ = -1;
};

}  // namespace gradvitals
