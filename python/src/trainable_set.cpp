#include "python/src/trainable_set.h"

#include <algorithm>
#include <string>

#include "python/src/weak_reference.h"

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

constexpr std::size_t kLeastLook = 64;
/// Fewer than lie between two check-ups, whose patience is three.
constexpr std::size_t kCallsOfALook = 8;

std::vector<nb::object> references_of(const nb::list& list, const char* what) {
  std::vector<nb::object> references;
  references.reserve(list.size());
  for (const nb::handle reference : list) {
    if (!PyWeakref_CheckRef(reference.ptr())) {
      throw nb::type_error((std::string(what) + " takes weakref.ref alone").c_str());
    }
    references.push_back(nb::borrow(reference));
  }
  return references;
}

}  // namespace

TrainableSet::TrainableSet(const nb::list& trained, const nb::list& frozen)
    : trained_(references_of(trained, "trained")),
      frozen_(references_of(frozen, "frozen")),
      attribute_(nb::steal(PyUnicode_InternFromString("requires_grad"))) {}

bool TrainableSet::have_changed() {
  const std::size_t first = next_ < trained_.size() ? next_ : 0;
  const std::size_t part = (trained_.size() + kCallsOfALook - 1) / kCallsOfALook;
  next_ = first + std::max(kLeastLook, part);
  const std::size_t end = std::min(next_, trained_.size());
  for (std::size_t i = first; i < end; ++i) {
    const nb::object parameter = referent(trained_[i].ptr());
    if (!parameter.is_valid() || !requires_grad(parameter)) return true;
  }
  return std::any_of(frozen_.begin(), frozen_.end(), [this](const nb::object& reference) {
    const nb::object parameter = referent(reference.ptr());
    return parameter.is_valid() && requires_grad(parameter);
  });
}

bool TrainableSet::requires_grad(const nb::object& parameter) const {
  const nb::object value = nb::steal(PyObject_GetAttr(parameter.ptr(), attribute_.ptr()));
  const int is_true = value.is_valid() ? PyObject_IsTrue(value.ptr()) : -1;
  if (is_true < 0) throw nb::python_error();
  return is_true != 0;
}

}  // namespace gradvitals::python
