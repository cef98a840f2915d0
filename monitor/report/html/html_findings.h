// Findings as they stand on a page, with links to what they are about. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/html/html_page.h"
#include "monitor/report/html/html_writer.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Whether a finding is about a tensor of a network or of a run, and of which one on the page.
struct PagePlace {
  std::string_view kind;  ///< "network" or "run"
  std::size_t index = 0;
};

/// "R17 loss growth: dense/kernel": what the rule looks for, and where it found it.
std::string page_title_of(const Finding& finding);

/// A finding as it stands on the page.
struct PageFinding {
  const Finding* finding = nullptr;
  std::string id;
  std::string number = {};  ///< Under which plots mark it.
  std::string when = {};    ///< "from step 12 to 40, in 9 checks"
  std::optional<std::int64_t> step = {};
  std::vector<const Finding*> explains = {};
};

/// A link to the finding's tensor and step: `target` is "plot" for the plot that shows it, or "section" for
/// `href`, which is where it leads without a script, too.
void write_place_link(HtmlWriter& out, const PagePlace& place, const PageFinding& shown,
                      std::string_view target, std::string_view href, std::string_view text);

void write_advice(HtmlWriter& out, const Finding& finding);

void write_finding(HtmlWriter& out, const PageFinding& shown, const PagePlace& place);

/// The same for the script: {"id", "kind", "place", "tensor", "rule", "text", "advice"}.
Json page_finding_json(const PageFinding& shown, const PagePlace& place);

}  // namespace gradvitals
