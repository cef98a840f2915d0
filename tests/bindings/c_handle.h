// A gradvitals_monitor that ends with its scope.
#pragma once

#include <memory>

#include "gradvitals.h"

namespace gradvitals::test {

struct HandleDestroyer {
  void operator()(gradvitals_monitor* monitor) const { gradvitals_monitor_destroy(monitor); }
};

using Handle = std::unique_ptr<gradvitals_monitor, HandleDestroyer>;

}  // namespace gradvitals::test
