// The page of networks: one, or several side by side.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "monitor/metrics/phrases.h"
#include "monitor/report/cause_groups.h"
#include "monitor/report/comparison.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/network_data.h"
#include "monitor/report/html/trained_section.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

constexpr std::string_view kNetworkKind = "network";

Severity shown_severity(const NetworkReport& network, RuleSet rules) {
  return rules == RuleSet::kFull ? network.diagnosis.severity
                                 : severity_of_score(network.notebook.score);
}

bool is_sick(const NetworkReport& network, RuleSet rules) {
  return shown_severity(network, rules) >= Severity::kWarning;
}

/// The finding that decides the verdict; null where none does.
const Finding* deciding_finding(const NetworkReport& network, RuleSet rules) {
  const std::vector<Finding>& findings = network.diagnosis.findings;
  const bool decides = rules == RuleSet::kFull && is_sick(network, rules) && !findings.empty();
  return decides ? &findings.front() : nullptr;
}

std::string finding_id(std::size_t network, std::size_t place) {
  return fmt::format("finding-{}-{}", network, place);
}

PageVerdict verdict_of_one(const NetworkReport& network, RuleSet rules) {
  PageVerdict verdict;
  verdict.severity = shown_severity(network, rules);
  if (rules == RuleSet::kNotebook) {
    verdict.headline = fmt::format("{}: the notebook's score is {} of 8, {}.", network.name,
                                   network.notebook.score, network.notebook.verdict);
    verdict.details.push_back(sentence(notebook_evidence(network.metrics)));
    return verdict;
  }
  if (!can_be_judged(network.metrics)) {
    verdict.headline =
        fmt::format("{}: nothing could be judged, no gradient has an element.", network.name);
    return verdict;
  }
  const Verdict said = network.diagnosis.verdict;
  verdict.headline = fmt::format("{} is {}: {}.", network.name, word_of(said), meaning(said));
  verdict.cause = deciding_finding(network, rules);
  if (verdict.cause != nullptr) {
    verdict.details.push_back(verdict.cause->text);
    verdict.cause_id = finding_id(0, 0);
  } else {
    verdict.details.push_back(sentence(verdict_evidence(network)));
  }
  return verdict;
}

PageVerdict verdict_of_many(std::span<const NetworkReport> networks, RuleSet rules) {
  std::vector<std::string> sick;
  PageVerdict verdict;
  for (const NetworkReport& network : networks) {
    verdict.severity = std::max(verdict.severity, shown_severity(network, rules));
    if (!is_sick(network, rules)) continue;
    sick.push_back(fmt::format("{} is {}", network.name, verdict_word(network, rules)));
  }
  if (sick.empty()) {
    verdict.headline = fmt::format("All {} networks are healthy.", networks.size());
  } else {
    verdict.headline = fmt::format("{} of {} networks {} sick: {}.", sick.size(), networks.size(),
                                   plural(std::ssize(sick), "is", "are"), list_names(sick));
  }
  return verdict;
}

void write_card(HtmlWriter& out, const NetworkReport& network, std::size_t place, RuleSet rules) {
  const Severity severity = shown_severity(network, rules);
  out.open("div", {{"class", fmt::format("card {}", severity_class(severity))}});
  out.open("h3", {{"class", "name"}});
  out.text(network.name);
  out.text(" ");
  write_chip(out, severity, verdict_word(network, rules));
  out.close();
  if (rules == RuleSet::kFull) {
    out.element("p", sentence(std::string(meaning(network.diagnosis.verdict))));
    out.element("p", sentence(verdict_evidence(network)), {{"class", "faint"}});
  } else {
    out.element("p", sentence(notebook_evidence(network.metrics)), {{"class", "faint"}});
  }
  if (const Finding* cause = deciding_finding(network, rules)) {
    if (!cause->advice.empty()) {
      out.open("p");
      out.element("strong", "What to do: ");
      out.text(cause->advice.front());
      out.close();
    }
    out.open("p", {{"class", "places"}});
    out.element("a", "Why, and what else to do", {{"href", "#" + finding_id(place, 0)}});
    out.close();
  }
  out.close();
}

void write_cards(HtmlWriter& out, std::span<const NetworkReport> networks, RuleSet rules) {
  out.open("div", {{"class", "cards"}});
  for (std::size_t i = 0; i < networks.size(); ++i) write_card(out, networks[i], i, rules);
  out.close();
}

std::vector<PageFinding> page_findings(const NetworkReport& network, std::size_t place) {
  std::vector<PageFinding> shown;
  for (CauseGroup& group : group_by_cause(network.diagnosis.findings)) {
    shown.push_back({.finding = group.root,
                     .id = finding_id(place, shown.size()),
                     .explains = std::move(group.consequences)});
  }
  return shown;
}

/// Returns them for the script.
Json write_findings(HtmlWriter& out, std::span<const NetworkReport> networks) {
  Json json = Json::array();
  open_section(out, "findings", "What was found",
               "Root causes first; what each explains is folded beneath it.");
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const PagePlace place{.kind = kNetworkKind, .index = i};
    const std::vector<PageFinding> findings = page_findings(networks[i], i);
    if (networks.size() > 1) out.element("h3", networks[i].name, {{"class", "name"}});
    if (findings.empty()) out.element("p", "No rule fired.");
    for (const PageFinding& shown : findings) {
      write_finding(out, shown, place);
      json.push_back(page_finding_json(shown, place));
    }
  }
  out.close();
  return json;
}

void write_signs(HtmlWriter& out, std::span<const NetworkReport> networks) {
  open_section(out, "signs", "Vital signs",
               "What gradients and signals do on their way through the layers, and the range in "
               "which that is normal.");
  std::vector<PageSigns> columns;
  for (const NetworkReport& network : networks) {
    columns.push_back({std::string(network.title()),
                       vital_lines(network.diagnosis.vital_signs, network.diagnosis.thresholds,
                                   network.metrics.gradient_norms.empty()
                                       ? std::optional<double>()
                                       : std::optional(global_norm(network.metrics)))});
  }
  write_vital_signs(out, columns);
  out.close();
}

void write_norms(HtmlWriter& out, const HtmlOptions& options) {
  std::string explanation =
      "The notebook's figure: above, the L2 norm of each gradient, the layer nearest the input "
      "first, with the notebook's limits 1e-6, 1e-4 and 10; below, the smallest, the largest, "
      "their "
      "mean and their deviation.";
  if (html_has_charts()) {
    explanation += " Point at a bar for its value, click it to find it in the table.";
  }
  open_section(out, "norms", "Norm of each gradient", explanation);
  write_figure(out, options);
  out.raw("<div id=\"norm-panels\" class=\"panels needs-charts\"></div>");
  out.raw("<noscript><p>The charts and the table of tensors need JavaScript.</p></noscript>");
  out.close();
}

void write_comparison(HtmlWriter& out, std::span<const NetworkReport> networks, RuleSet rules) {
  open_section(out, "comparison", "Side by side", "");
  out.open("div", {{"class", "scroll"}});
  out.open("table");
  bool is_head = true;
  for (const TableRow& row : comparison_rows(networks, rules)) {
    out.open("tr");
    for (const std::string& cell : row) {
      const bool is_text = &cell == &row.front();
      out.element(is_head ? "th" : "td", cell, {{"class", is_text ? "" : "number"}});
    }
    out.close();
    is_head = false;
  }
  out.close();
  out.close();
  if (rules == RuleSet::kFull) {
    std::string said = disagreements(networks, {});
    said.pop_back();  // Its line break.
    out.element("p", said);
  }
  out.close();
}

void write_tensor_section(HtmlWriter& out) {
  open_section(out, "tensors", "All tensors",
               "Click a heading to sort by it, a name to find it on the plot.");
  out.raw("<div id=\"tensor-table\"></div>");
  out.close();
}

/// Each note once.
std::vector<std::string> notes_of(std::span<const NetworkReport> networks) {
  std::vector<std::string> notes;
  for (const NetworkReport& network : networks) {
    for (const std::string& said : network.notes) {
      if (std::ranges::count(notes, said) == 0) notes.push_back(said);
    }
  }
  return notes;
}

std::vector<std::pair<std::string, std::string>> section_links(bool has_full_rules, bool is_many,
                                                               bool is_trained) {
  std::vector<std::pair<std::string, std::string>> links;
  if (has_full_rules) links = {{"signs", "Vital signs"}, {"findings", "What was found"}};
  links.emplace_back("norms", "Norm of each gradient");
  if (is_many) links.emplace_back("comparison", "Side by side");
  if (is_trained) links.emplace_back("curves", "How they trained");
  links.emplace_back("tensors", "All tensors");
  links.emplace_back("origin", "Settings and limits");
  return links;
}

}  // namespace

std::string networks_html(std::span<const NetworkReport> networks, const HtmlOptions& options,
                          std::span<const TrainedComparison> trainings) {
  const bool is_one = networks.size() == 1;
  const bool is_full = options.rules == RuleSet::kFull;
  const std::string title =
      is_one ? networks.front().name : fmt::format("Comparison of {} networks", networks.size());
  Json data = {{"limits", figure_limits_json()}, {"networks", Json::array()}};
  for (const NetworkReport& network : networks) {
    data["networks"].push_back(network_json(network, options.rules));
  }
  data["tensors"] = tensors_json(networks, options.rules);
  data["findings"] = Json::array();
  data["signs"] = Json::array();
  HtmlWriter out;
  write_verdict(out, fmt::format("gradvitals: {}", title),
                is_one ? verdict_of_one(networks.front(), options.rules)
                       : verdict_of_many(networks, options.rules),
                {.kind = kNetworkKind});
  if (!is_one) write_cards(out, networks, options.rules);
  write_links(out, section_links(is_full, !is_one, !trainings.empty()));
  if (is_full) {
    write_signs(out, networks);
    data["findings"] = write_findings(out, networks);
  }
  write_norms(out, options);
  if (!is_one) write_comparison(out, networks, options.rules);
  data["runs"] = write_trainings(out, networks, trainings);
  write_tensor_section(out);
  HtmlOptions described = options;
  described.settings.emplace_back("device", networks.front().device);
  write_origin(out, described, networks.front().diagnosis.thresholds, notes_of(networks));
  return assemble_page({title + ": gradvitals", std::move(out).finish(), std::move(data)});
}

}  // namespace gradvitals
