// The checks of a contract function whose argument is a TensorView. Private to kernels/.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/runtime/matrix_view.h"
#include "kernels/runtime/validate.h"
#include "kernels/stats/view.h"

namespace gradvitals::validate {

/// Throws "<op>: view '<name>' (2, 3) <message>".
[[noreturn]] void fail(std::string_view op, const TensorView& view, std::string_view message);

/// Throws "<op>: view '<name>' (2, 3) does not fit <argument> (4,)".
[[noreturn]] void shape_mismatch(std::string_view op, const TensorView& view,
                                 const Shape& argument);

/// Throws if the view is inconsistent, or has elements whose data is null, on another device or not
/// aligned.
void matrix(std::string_view op, const TensorView& view, const Device& device);

/// Throws unless an output has `count` elements, as the view requires.
template <class T>
void has_count(std::string_view op, const TensorView& view, std::string_view argument,
               const VectorView<T>& out, std::int64_t count) {
  readable(op, argument, out);
  if (out.count != count) shape_mismatch(op, view, shape(argument, out));
}

}  // namespace gradvitals::validate
