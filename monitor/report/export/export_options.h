// What the writers for machines need to know beside what was judged.
#pragma once

#include <string>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

struct ExportOptions {
  std::string version;            ///< Of the program.
  std::string device;             ///< "cpu"; empty for that of the network, where it is known.
  Severity gate = Severity::kOk;  ///< Of --fail-on; kOk for none.

  /// From which severity on a rule fails: a warning where no gate is set.
  Severity failing() const { return gate == Severity::kOk ? Severity::kWarning : gate; }
};

}  // namespace gradvitals
