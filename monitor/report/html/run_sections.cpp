#include "monitor/report/html/run_sections.h"

#include <string>

#include "monitor/report/html/html_sections.h"

namespace gradvitals {

std::vector<std::pair<std::string, std::string>> run_section_links(
    std::vector<std::pair<std::string, std::string>> before) {
  before.insert(before.end(), {{"curves", "Loss and norm"},
                               {"heat", "Heat map"},
                               {"step-norms", "Norms at a step"},
                               {"sign-curves", "Vital signs over the steps"},
                               {"tensors", "All tensors"},
                               {"origin", "Settings and limits"}});
  return before;
}

void write_run_plots(HtmlWriter& out, const HtmlOptions& options, std::string_view decimation) {
  std::string explanation(decimation);
  if (html_has_charts()) {
    explanation += explanation.empty() ? "" : " ";
    explanation +=
        "Numbers mark where a finding begins, and shade how long it lasts: click one to read it, a "
        "step to see its norms below.";
  }
  open_section(out, "curves", "Loss and norm over the steps", explanation);
  write_figure(out, options);
  out.raw("<div id=\"curve-panels\" class=\"needs-charts\"></div>");
  out.raw("<noscript><p>The charts and the table of tensors need JavaScript.</p></noscript>");
  out.close();
  open_section(out, "heat", "Where it began and how it spread",
               "The norm of each gradient, the layer nearest the input above, over the steps. What "
               "is not finite, zero or missing has a pattern of its own.");
  out.raw("<div id=\"heat-panels\"></div>");
  out.close();
  out.raw("<div class=\"needs-charts\">");
  open_section(out, "step-norms", "Norm of each gradient at a step",
               "The notebook's figure at any step: move the slider, or click a step above.");
  out.raw("<div id=\"step-panels\" class=\"panels wide\"></div>");
  out.close();
  open_section(out, "sign-curves", "Vital signs over the steps", "The shaded range is normal.");
  out.raw("<div id=\"sign-panels\" class=\"panels\"></div>");
  out.close();
  out.raw("</div>");
  open_section(out, "tensors", "All tensors",
               "Each gradient at its last step, and the largest it was. Click a heading to sort by "
               "it, a name to find it on the plot.");
  out.raw("<div id=\"tensor-table\"></div>");
  out.close();
}

}  // namespace gradvitals
