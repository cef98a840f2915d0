// A curve in one line of text. Internal.
#pragma once

#include <span>
#include <string>

#include "monitor/report/style.h"

namespace gradvitals {

/// What a sparkline spans, on a logarithmic scale.
struct SparkRange {
  double low = 0.0;
  double high = 0.0;
};

/// Widens the range to the positive finite values among these; one that is all 0 holds none yet.
void widen(SparkRange& range, std::span<const double> values);

/// A character of eight heights for each value: the lowest at the range's low end and below, the
/// highest at its high end; all half as high where it spans nothing. 'x' for NaN and infinities.
std::string sparkline(std::span<const double> values, SparkRange range, TextStyle style);

}  // namespace gradvitals
