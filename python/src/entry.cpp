#include "python/src/entry.h"

#include <algorithm>
#include <utility>

#include "python/src/tensor_layout.h"
#include "python/src/weak_reference.h"

namespace nb = nanobind;

namespace gradvitals::python {
Entry::Entry(std::string name, nb::handle holder, nb::object attribute, std::int32_t role,
             std::int32_t unit_axis, std::int32_t layer)
    : name_(std::move(name)),
      reference_(nb::steal(PyWeakref_NewRef(holder.ptr(), nullptr))),
      attribute_(std::move(attribute)),
      unit_axis_(unit_axis) {
  if (!reference_.is_valid()) throw nb::python_error();
  tensor_.size = sizeof tensor_;
  tensor_.role = role;
  tensor_.layer = layer;
  tensor_.rank = 1;
}

nb::object Entry::array() const {
  if (stand_in_.is_valid() && !stand_in_.is_none()) return stand_in_;
  nb::object holder = referent(reference_.ptr());
  if (!holder.is_valid()) return holder;
  if (!attribute_.is_none()) {
    holder = nb::steal(PyObject_GetAttr(holder.ptr(), attribute_.ptr()));
    if (!holder.is_valid()) throw nb::python_error();
  }
  return holder.is_none() ? nb::object() : holder;
}

nb::object Entry::holder_beside_array() const {
  return attribute_.is_none() ? nb::object() : referent(reference_.ptr());
}

bool Entry::take(const TensorAddress& address) {
  if (!address.problem.empty()) return set_problem(address.problem);
  data_ = address.data;
  if (is_as_before(address)) return set_problem({});
  if (!is_dense(address)) return set_problem("strided: its elements do not lie side by side");
  describe(address);
  problem_.clear();
  return true;
}

bool Entry::take_absence() {
  data_ = nullptr;
  return set_problem({});
}

void Entry::take_shape(const TensorAddress& address) {
  if (address.problem.empty() && is_dense(address)) describe(address);
}

void Entry::take_shape(const Entry& other) {
  layout_ = other.layout_;
  has_shape_ = other.has_shape_;
  const gradvitals_tensor own = tensor_;
  tensor_ = other.tensor_;
  tensor_.role = own.role;
  tensor_.layer = own.layer;
}

bool Entry::is_as_before(const TensorAddress& address) const {
  const auto dimensions = static_cast<std::size_t>(address.dimensions);
  if (!has_shape_ || layout_.size() != 2 * dimensions || tensor_.dtype != address.dtype ||
      tensor_.device != address.device || tensor_.device_index != address.device_index) {
    return false;
  }
  const auto strides = layout_.begin() + static_cast<std::ptrdiff_t>(dimensions);
  return std::equal(layout_.begin(), strides, address.shape) &&
         (address.strides == nullptr || std::equal(strides, layout_.end(), address.strides));
}

void Entry::describe(const TensorAddress& address) {
  const auto dimensions = static_cast<std::size_t>(address.dimensions);
  layout_.assign(address.shape, address.shape + dimensions);
  layout_.resize(2 * dimensions);
  if (address.strides != nullptr) {
    std::copy_n(address.strides, dimensions,
                layout_.begin() + static_cast<std::ptrdiff_t>(dimensions));
  } else {
    std::int64_t stride = 1;
    for (std::size_t i = dimensions; i-- > 0;) {
      layout_[dimensions + i] = stride;
      stride *= layout_[i];
    }
  }
  set_matrix(address, unit_axis_, tensor_);
  tensor_.dtype = address.dtype;
  tensor_.device = address.device;
  tensor_.device_index = address.device_index;
  has_shape_ = true;
}

bool Entry::set_problem(const std::string& problem) {
  const bool was_left_out = !problem_.empty();
  if (problem_ != problem) problem_ = problem;
  if (!problem.empty()) data_ = nullptr;
  return was_left_out != !problem.empty();
}

}  // namespace gradvitals::python
