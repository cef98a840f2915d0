// From exceptions to status codes: none leaves the library.
#pragma once

#include <string_view>

#include "bindings/c/gradvitals.h"

namespace gradvitals::c {

/// Keeps the text for gradvitals_last_error() of this thread, and returns the status.
gradvitals_status fail(gradvitals_status status, std::string_view message) noexcept;

/// The status of the exception that is being handled; keeps its text.
gradvitals_status failure_of_current_exception() noexcept;

/// Calls what does the work.
template <class Work>
gradvitals_status guarded(Work work) noexcept {
  try {
    work();
    return GRADVITALS_OK;
  } catch (...) {
    return failure_of_current_exception();
  }
}

}  // namespace gradvitals::c
