#include "monitor/report/html/html_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <variant>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/threshold_table.h"
#include "monitor/report/html/embedded_files.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string_view status_word(VitalStatus status) {
  return status == VitalStatus::kUnknown ? "unknown" : name(status);
}

void write_status(HtmlWriter& out, VitalStatus status) {
  if (status == VitalStatus::kNormal) {
    write_chip(out, Severity::kOk, "normal");
  } else if (status == VitalStatus::kUnknown) {
    out.element("span", status_word(status), {{"class", "chip sev-unknown"}});
  } else {
    write_chip(out, Severity::kWarning, status_word(status));
  }
}

void write_limits(HtmlWriter& out, const Thresholds& thresholds) {
  const std::vector<const ThresholdField*> changed = changed_fields(thresholds);
  out.open("details");
  out.element("summary", fmt::format("All {} limits of the rules", threshold_table().size()));
  out.open("div", {{"class", "scroll"}});
  out.open("table");
  out.raw(
      "<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Limit</th>"
      "<th scope=\"col\" class=\"number\">Warning</th>"
      "<th scope=\"col\" class=\"number\">Critical</th><th scope=\"col\"></th></tr></thead>");
  out.open("tbody");
  for (const ThresholdField& field : threshold_table()) {
    const Limits limits = limits_of(thresholds, field);
    const bool is_changed = std::ranges::any_of(
        changed, [&field](const ThresholdField* other) { return other->name == field.name; });
    out.open("tr");
    out.element("td", field.rule);
    out.element("td", field.name);
    out.element("td", three_digits(limits.warning), {{"class", "number"}});
    out.element("td", three_digits(limits.critical), {{"class", "number"}});
    out.open("td");
    if (is_changed) {
      const Limits usual = limits_of(Thresholds(), field);
      write_chip(out, Severity::kInfo,
                 usual.warning == usual.critical
                     ? fmt::format("changed from {}", three_digits(usual.warning))
                     : fmt::format("changed from {}, {}", three_digits(usual.warning),
                                   three_digits(usual.critical)));
    }
    out.close();
    out.close();
  }
  for (int i = 0; i < 4; ++i) out.close();
}

}  // namespace

bool html_has_charts() {
  return !embedded_files().chart_library.empty();
}

std::string sentence(std::string text) {
  if (text.empty()) return text;
  if (text.front() >= 'a' && text.front() <= 'z') text.front() += 'A' - 'a';
  if (text.back() != '.') text += '.';
  return text;
}

std::string_view word_of(Verdict verdict) {
  if (verdict == Verdict::kNonFinite) return "non-finite";
  return verdict == Verdict::kNoGradient ? "without gradient" : name(verdict);
}

std::string_view meaning(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHealthy:
      return "gradients reach every layer at a size that trains";
    case Verdict::kVanishing:
      return "gradients shrink so much on their way back that the first layers hardly learn";
    case Verdict::kExploding:
      return "gradients are so large that an update can wreck the weights";
    case Verdict::kSaturated:
      return "units sit where their activation is flat, and hardly any gradient passes";
    case Verdict::kDead:
      return "units answer 0 to every sample, and so no longer learn";
    case Verdict::kNonFinite:
      return "gradients hold NaN or infinity, and an update with them destroys the weights";
    case Verdict::kNoGradient:
      return "there are parameters that no gradient reaches, and those do not learn";
    case Verdict::kUnstable:
      return "gradients or loss leap from one step to another";
    case Verdict::kSymmetric:
      return "units are copies of one another, and all of them learn the same";
    case Verdict::kStalled:
      return "updates do not move the loss any more";
  }
  return "";
}

void write_verdict(HtmlWriter& out, std::string_view title, const PageVerdict& verdict,
                   const PagePlace& place) {
  out.element("h1", title);
  out.open("section", {{"class", fmt::format("verdict {}", severity_class(verdict.severity))},
                       {"id", "verdict"},
                       {"aria-label", "Verdict"}});
  write_chip(out, verdict.severity);
  out.element("p", verdict.headline, {{"class", "headline"}});
  for (const std::string& detail : verdict.details) out.element("p", detail);
  if (verdict.severity == Severity::kOk) out.element("p", "Nothing needs to be done.");
  if (verdict.cause != nullptr) {
    if (!verdict.cause->advice.empty()) {
      out.element("p", "What to do", {{"class", "do"}});
      write_advice(out, *verdict.cause);
    }
    const PageFinding shown{.finding = verdict.cause, .id = verdict.cause_id, .step = verdict.step};
    out.open("p", {{"class", "places"}});
    if (!verdict.cause->tensor.empty()) {
      write_place_link(out, place, shown, "plot", place.kind == "run" ? "#curves" : "#norms",
                       fmt::format("Where: {}", verdict.cause->tensor));
    }
    if (!verdict.cause_id.empty()) {
      out.element("a", "Why: the finding", {{"href", "#" + verdict.cause_id}});
    }
    out.close();
  }
  out.close();
}

void write_links(HtmlWriter& out, std::span<const std::pair<std::string, std::string>> sections) {
  out.open("nav", {{"aria-label", "Sections"}});
  for (const auto& [id, title] : sections) out.element("a", title, {{"href", "#" + id}});
  out.close();
}

void open_section(HtmlWriter& out, std::string_view id, std::string_view title,
                  std::string_view explanation) {
  out.open("section", {{"id", id}});
  out.element("h2", title);
  if (!explanation.empty()) out.element("p", explanation, {{"class", "explain"}});
}

void write_vital_signs(HtmlWriter& out, std::span<const PageSigns> columns) {
  out.open("div", {{"class", "scroll"}});
  out.open("table", {{"class", "vitals"}});
  out.raw("<thead><tr><th scope=\"col\">Sign</th><th scope=\"col\">Reading</th>");
  for (const PageSigns& column : columns) {
    out.element("th", columns.size() == 1 ? "Value" : column.name, {{"scope", "col"}});
  }
  out.raw("</tr></thead>");
  out.open("tbody");
  // Readings that one column lacks are unknown there.
  std::vector<std::pair<std::string_view, std::string_view>> rows;
  for (const PageSigns& column : columns) {
    for (const VitalLine& line : column.lines) {
      const std::pair key(line.sign, line.reading);
      if (std::ranges::count(rows, key) == 0) rows.push_back(key);
    }
  }
  for (const auto& [sign, reading] : rows) {
    out.open("tr");
    out.element("td", sign);
    out.element("td", reading);
    for (const PageSigns& column : columns) {
      out.open("td");
      const auto line = std::ranges::find_if(column.lines, [&](const VitalLine& other) {
        return other.sign == sign && other.reading == reading;
      });
      if (line == column.lines.end() || !line->value) {
        out.element("span", "unknown", {{"class", "chip sev-unknown"}});
      } else {
        out.text(three_digits(*line->value) + " ");
        if (line->status) {
          write_status(out, *line->status);
        } else if (line->in_range == VitalStatus::kLow || line->in_range == VitalStatus::kHigh) {
          write_status(out, line->in_range);
        }
        if (!line->normal.empty()) out.element("span", line->normal, {{"class", "normal"}});
        if (!line->network.empty()) {
          out.element("span", fmt::format("of {}, the worst", line->network),
                      {{"class", "normal"}});
        }
      }
      out.close();
    }
    out.close();
  }
  for (int i = 0; i < 3; ++i) out.close();
}

void write_origin(HtmlWriter& out, const HtmlOptions& options, const Thresholds& thresholds,
                  std::span<const std::string> notes) {
  open_section(out, "origin", "Settings and limits", "");
  if (!notes.empty()) {
    out.element("h3", "Notes");
    out.open("ul");
    for (const std::string& said : notes) out.element("li", said);
    out.close();
  }
  out.open("div", {{"class", "scroll"}});
  out.open("table");
  out.open("tbody");
  const auto row = [&out](std::string_view what, std::string_view value) {
    out.open("tr");
    out.element("th", what, {{"scope", "row"}});
    out.element("td", value, {{"class", "name"}});
    out.close();
  };
  for (const auto& [what, value] : options.settings) row(what, value);
  row("rules", options.rules == RuleSet::kFull ? "full" : "the notebook's");
  row("made by", fmt::format("gradvitals {}", options.version));
  for (int i = 0; i < 3; ++i) out.close();
  if (options.rules == RuleSet::kFull) {
    const std::size_t changed = changed_fields(thresholds).size();
    out.element("p", changed == 0 ? std::string("All limits are the default.")
                                  : fmt::format("{} {} not the default.", changed,
                                                changed == 1 ? "limit is" : "limits are"));
    write_limits(out, thresholds);
  }
  out.close();
}

void write_figure(HtmlWriter& out, const HtmlOptions& options) {
  if (html_has_charts()) return;
  out.element("p",
              "These are no interactive charts: this gradvitals was built without Chart.js "
              "(Debian's package libjs-chart.js).",
              {{"class", "explain"}});
  if (!options.figure_svg.empty()) {
    out.open("div", {{"class", "figure"}});
    out.raw(fmt::format("<img alt=\"The figure that --plot draws\" src=\"{}\">",
                        svg_address(options.figure_svg)));
    out.close();
  } else if (!options.no_figure_reason.empty()) {
    out.element("p", fmt::format("There is no static figure either: {}", options.no_figure_reason));
  }
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto byte = i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
      bits = bits << 8U | byte;
    }
    const std::size_t known = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t k = 0; k < 4; ++k) {
      text += k < known ? kLetters[bits >> (18U - 6U * k) & 63U] : '=';
    }
  }
  return text;
}

std::string svg_address(std::string_view svg) {
  return "data:image/svg+xml;base64," + base64(svg);
}

}  // namespace gradvitals
