// Numbers as the reports write them.
#pragma once

#include <string>
#include <string_view>

namespace gradvitals {

/// "%.1e" as CPython prints it: "2.4e-01", "nan" (which has no sign there), "inf".
std::string scientific(double value);

/// Three significant digits, for prose: "0.235", "15.9", "2.3e+07".
std::string three_digits(double value);

/// A score by its name: "accuracy", a share, as "97.1 %"; others as they are, "0.913". `digits` are those
/// of the percentage behind the point; others have two more, or three in all from 10 on.
std::string score_text(std::string_view score_name, double score, int digits = 1);

}  // namespace gradvitals
