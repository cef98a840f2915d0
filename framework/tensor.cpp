#include "framework/tensor.h"

#include <fmt/format.h>

#include <stdexcept>

#include "framework/dispatch.h"

namespace gradvitals {
namespace {

template <class T>
void check_dtype(const Tensor& tensor) {
  if (tensor.dtype() == kDTypeOf<T>) return;
  throw std::invalid_argument(fmt::format("Tensor: {} holds {}, not {}", tensor.shape().text(),
                                          name(tensor.dtype()), name(kDTypeOf<T>)));
}

void check_device(const char* op, const Tensor& tensor, const Stream& stream) {
  if (tensor.device() == stream.device()) return;
  throw std::invalid_argument(fmt::format("{}: {} is on device {}, the stream on {}", op,
                                          tensor.shape().text(), name(tensor.device()),
                                          name(stream.device())));
}

void check_count(const Shape& shape, std::size_t count) {
  if (static_cast<std::size_t>(shape.count()) == count) return;
  throw std::invalid_argument(fmt::format("Tensor: {} values do not fill {}", count, shape.text()));
}

std::int64_t bytes_of(const Shape& shape, DType dtype) {
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(shape.count(), size_in_bytes(dtype), &bytes)) {
    throw std::invalid_argument(
        fmt::format("Tensor: the bytes of {} {} leave int64", shape.text(), name(dtype)));
  }
  return bytes;
}

}  // namespace

Tensor::Tensor(Stream& stream, const Shape& shape, DType dtype)
    : storage_(std::make_shared<Storage>(Storage{shape, dtype, stream.device(), stream,
                                                 Buffer(stream, bytes_of(shape, dtype))})) {}

Tensor Tensor::zeros(Stream& stream, const Shape& shape, DType dtype) {
  Tensor result(stream, shape, dtype);
  fill_zero(stream, result.data(), result.storage_->buffer.bytes());
  return result;
}

template <class T>
Tensor Tensor::from_host(Stream& stream, const Shape& shape,
                         std::type_identity_t<std::span<const T>> values) {
  check_count(shape, values.size());
  Tensor result(stream, shape, kDTypeOf<T>);
  result.copy_from_host<T>(stream, values);
  return result;
}

template <class T>
MatrixView<T> Tensor::as() const {
  check_dtype<T>(*this);
  T* elements = static_cast<T*>(data());
  switch (shape().rank()) {
    case 0:
      return {elements, 1, 1};
    case 1:
      return {elements, 1, shape()[0]};
    case 2:
      return {elements, shape()[0], shape()[1]};
    default:
      throw std::invalid_argument(fmt::format("Tensor: {} is no matrix", shape().text()));
  }
}

template <class T>
VectorView<T> Tensor::flat() const {
  check_dtype<T>(*this);
  return {static_cast<T*>(data()), count()};
}

template <class T>
std::vector<T> Tensor::to_host() const {
  check_dtype<T>(*this);
  std::vector<T> values(static_cast<std::size_t>(count()));
  copy_to_host(storage_->stream, data(), storage_->buffer.bytes(), values.data());
  return values;
}

template <class T>
void Tensor::copy_from_host(Stream& stream, std::type_identity_t<std::span<const T>> values) const {
  check_device("Tensor::copy_from_host", *this, stream);
  check_dtype<T>(*this);
  check_count(shape(), values.size());
  copy_to_device(stream, values.data(), storage_->buffer.bytes(), data());
}

double Tensor::item() const {
  if (count() != 1) {
    throw std::invalid_argument(
        fmt::format("Tensor: {} has {} elements, not one", shape().text(), count()));
  }
  double result = 0.0;
  dispatch("Tensor::item", dtype(), [&]<class T>() {
    T value;
    copy_to_host(storage_->stream, data(), sizeof value, &value);
    result = value;
  });
  return result;
}

template Tensor Tensor::from_host<float>(Stream&, const Shape&, std::span<const float>);
template Tensor Tensor::from_host<double>(Stream&, const Shape&, std::span<const double>);
template MatrixView<float> Tensor::as<float>() const;
template MatrixView<double> Tensor::as<double>() const;
template VectorView<float> Tensor::flat<float>() const;
template VectorView<double> Tensor::flat<double>() const;
template std::vector<float> Tensor::to_host<float>() const;
template std::vector<double> Tensor::to_host<double>() const;
template void Tensor::copy_from_host<float>(Stream&, std::span<const float>) const;
template void Tensor::copy_from_host<double>(Stream&, std::span<const double>) const;

}  // namespace gradvitals
