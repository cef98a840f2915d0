// Numbers as the reports write them.
#pragma once

#include <string>

namespace gradvitals {

/// "%.1e" as CPython prints it: "2.4e-01", "nan" (which has no sign there), "inf".
std::string scientific(double value);

/// Three significant digits, for prose: "0.235", "15.9", "2.3e+07".
std::string three_digits(double value);

}  // namespace gradvitals
