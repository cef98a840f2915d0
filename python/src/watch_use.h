// What every call of a Watch goes through.
#pragma once

#include <nanobind/nanobind.h>

#include "python/src/status.h"
#include "python/src/watch.h"

namespace gradvitals::python {

/// Marks the watch as used by this thread, and lets go of the arrays at the end, unless a GPU is
/// still reading them.
class Watch::Use {
 public:
  explicit Use(Watch& watch) : watch_(watch) {
    if (watch.is_used_) {
      throw GradvitalsError(
          "the watch is being used by another thread, or by what it reads: give each thread its "
          "own");
    }
    if (watch.monitor_ == nullptr) throw GradvitalsError("the watch is closed: make another one");
    watch.is_used_ = true;
  }
  ~Use() {
    if (!watch_.is_on_gpu_) watch_.reader_.release();
    watch_.is_used_ = false;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  Watch& watch_;
};

template <class Call>
void Watch::call(bool releases_gil, Call&& call) {
  gradvitals_status status = GRADVITALS_OK;
  if (releases_gil) {
    const nanobind::gil_scoped_release released;
    status = call();
  } else {
    status = call();
  }
  check(status);
}

}  // namespace gradvitals::python
