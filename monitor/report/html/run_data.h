// Runs as the page's script takes them. Internal.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/history/bounded_history.h"
#include "monitor/report/html/html_page.h"

namespace gradvitals {

/// A run of which the curves are known: {"name", "letter", "first", "last", "loss", "norm", "rate", "tensors",
/// "marks"}. `letter` tells it from others on the page; empty where it is alone.
Json curves_json(std::string_view name, std::string_view letter,
                 std::span<const HistoryInterval> intervals);

/// "A", "B", ... of those that stand side by side; empty for one that is alone.
std::string run_letter(std::size_t place, std::size_t count);

}  // namespace gradvitals
