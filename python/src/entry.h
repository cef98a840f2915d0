// What a Watch reads.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "python/src/tensor_address.h"

namespace gradvitals::python {

/// A tensor of Python: an object, or one of its attributes.
class Entry {
 public:
  /// `attribute`: None of the holder itself. Raises TypeError where the holder cannot be held
  /// weakly.
  Entry(std::string name, nanobind::handle holder, nanobind::object attribute, std::int32_t role,
        std::int32_t unit_axis, std::int32_t layer);

  const std::string& name() const { return name_; }
  std::int32_t role() const { return tensor_.role; }
  const gradvitals_tensor& tensor() const { return tensor_; }
  const std::string& problem() const { return problem_; }
  const void* data() const { return data_; }
  bool has_shape() const { return has_shape_; }

  /// The array as it is now; invalid where there is none.
  nanobind::object array() const;
  /// The object itself; invalid where it is gone, or where it is the array.
  nanobind::object holder_beside_array() const;
  void set_stand_in(nanobind::object array) { stand_in_ = std::move(array); }

  // Each tells whether the entry must be declared anew.

  /// The array lies there.
  bool take(const TensorAddress& address);
  /// There is no array now.
  bool take_absence();
  /// What it would look like if there were one.
  void take_shape(const TensorAddress& address);
  void take_shape(const Entry& other);

 private:
  bool is_as_before(const TensorAddress& address) const;
  void describe(const TensorAddress& address);
  bool set_problem(const std::string& problem);

  std::string name_;
  nanobind::object reference_;
  nanobind::object attribute_;
  nanobind::object stand_in_;
  std::int32_t unit_axis_;
  gradvitals_tensor tensor_{};
  const void* data_ = nullptr;
  bool has_shape_ = false;
  std::vector<std::int64_t> layout_;  ///< Its shape, then its strides.
  std::string problem_;
};

/// A tensor of a layer in one step, which the caller holds.
struct LayerArray {
  std::string name;
  nanobind::object array;
  std::int32_t role;
  std::int32_t layer;
  std::int32_t activation;
};

}  // namespace gradvitals::python
