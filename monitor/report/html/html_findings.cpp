#include "monitor/report/html/html_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "monitor/report/finding_text.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string evidence_of(const Finding& finding) {
  std::string text;
  if (finding.value) text += fmt::format("measured {}", three_digits(*finding.value));
  if (finding.threshold) {
    text += fmt::format("{}limit {}", text.empty() ? "" : ", ", three_digits(*finding.threshold));
  }
  return text;
}

}  // namespace

void write_place_link(HtmlWriter& out, const PagePlace& place, const PageFinding& shown,
                      std::string_view target, std::string_view href, std::string_view text) {
  const std::string index = fmt::to_string(place.index);
  const std::string step = shown.step ? fmt::to_string(*shown.step) : "";
  const std::string& tensor = shown.finding->tensor;
  out.raw("<a");
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.raw(fmt::format(" {}=\"{}\"", name, html_escaped(value)));
  };
  add("href", href);
  add("data-kind", place.kind);
  add("data-place", index);
  add("data-to", target);
  if (!tensor.empty()) add("data-name", tensor);
  if (!step.empty()) add("data-step", step);
  out.raw(">");
  out.text(text);
  out.raw("</a>");
}

void write_advice(HtmlWriter& out, const Finding& finding) {
  if (finding.advice.empty()) return;
  out.open("ul");
  for (const std::string& advice : finding.advice) out.element("li", advice);
  out.close();
}

std::string page_title_of(const Finding& finding) {
  if (!rule_title(finding.rule).empty()) return finding_title(finding);
  std::string title = fmt::format("{} {}", rule_number(finding.rule), rule_word(finding.rule));
  std::ranges::replace(title, '_', ' ');
  return finding.tensor.empty() ? title : fmt::format("{}: {}", title, finding.tensor);
}

void write_finding(HtmlWriter& out, const PageFinding& shown, const PagePlace& place) {
  const Finding& finding = *shown.finding;
  out.open("article", {{"class", fmt::format("finding {}", severity_class(finding.severity))},
                       {"id", shown.id}});
  out.open("h3");
  if (!shown.number.empty()) {
    out.element("span", shown.number,
                {{"class", fmt::format("chip {}", severity_class(finding.severity))}});
  }
  write_chip(out, finding.severity);
  out.element("span", page_title_of(finding), {{"class", "name"}});
  out.close();
  out.element("p", finding.text);
  std::string facts = evidence_of(finding);
  if (!shown.when.empty()) facts += (facts.empty() ? "" : "; ") + shown.when;
  if (!facts.empty()) out.element("p", facts, {{"class", "faint"}});
  write_advice(out, finding);
  out.open("p", {{"class", "places"}});
  const bool is_run = place.kind == "run";
  if (shown.step) {
    write_place_link(out, place, shown, "section", "#curves",
                     fmt::format("On the curves, step {}", *shown.step));
    write_place_link(out, place, shown, "section", "#heat", "On the heat map");
  } else if (!is_run) {
    write_place_link(out, place, shown, "plot", "#norms", "On the plot");
  }
  if (!finding.tensor.empty()) {
    write_place_link(out, place, shown, "section", "#tensors", "In the table of tensors");
  }
  out.close();
  if (!shown.explains.empty()) {
    out.open("details");
    out.element("summary", fmt::format("It explains {} more {}", shown.explains.size(),
                                       shown.explains.size() == 1 ? "finding" : "findings"));
    out.open("ul");
    for (const Finding* effect : shown.explains) {
      out.element("li", fmt::format("{} ({}): {}", page_title_of(*effect), name(effect->severity),
                                    effect->text));
    }
    out.close();
    out.close();
  }
  out.close();
}

Json page_finding_json(const PageFinding& shown, const PagePlace& place) {
  const Finding& finding = *shown.finding;
  return {{"id", shown.id},
          {"kind", place.kind},
          {"place", place.index},
          {"tensor", finding.tensor.empty() ? Json() : page_text(finding.tensor)},
          {"title", page_text(page_title_of(finding))},
          {"severity", name(finding.severity)},
          {"advice", finding.advice.empty() ? Json() : page_text(finding.advice.front())}};
}

}  // namespace gradvitals
