// Which parameters of a PyTorch model are trained, and whether that has changed.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <vector>

namespace gradvitals::python {

/// Holds parameters weakly. Needs the GIL.
class TrainableSet {
 public:
  /// Lists of weakref.ref to parameters: those that require a gradient, and those that do not.
  /// Raises TypeError naming the list with something else in it.
  TrainableSet(const nanobind::list& trained, const nanobind::list& frozen);

  /// Whether a trained one is gone or frozen, or a frozen one is trained. Of many that were trained
  /// it looks at a part in each call, and at all of them within eight.
  bool have_changed();

 private:
  bool requires_grad(const nanobind::object& parameter) const;

  std::vector<nanobind::object> trained_;
  std::vector<nanobind::object> frozen_;
  nanobind::object attribute_;
  std::size_t next_ = 0;
};

}  // namespace gradvitals::python
