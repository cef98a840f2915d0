// A run as its page shows it. Internal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_sections.h"

namespace gradvitals {

/// A run with what the page shows of it.
struct ShownRun {
  const HtmlRun* run = nullptr;
  std::size_t place = 0;
  std::string letter;
  std::vector<const Episode*> episodes;
  std::vector<PageFinding> findings;  ///< Parallel to them.

  std::string_view name() const { return run->report->name; }
  std::string title() const {
    return letter.empty() ? run->report->name : letter + ": " + run->report->name;
  }
  PagePlace page_place() const { return {.kind = "run", .index = place}; }
};

/// In their order. They point into `runs`.
std::vector<ShownRun> shown_runs(std::span<const HtmlRun> runs);

/// The episode that the run's verdict is made of; null where nothing was a warning or worse.
const Episode* deciding_episode(const ShownRun& shown);

/// What is wrong, since when, what that means, and what to do.
PageVerdict verdict_of(const ShownRun& shown);

}  // namespace gradvitals
