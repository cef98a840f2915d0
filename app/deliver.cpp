#include "app/deliver.h"

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/export_files.h"
#include "app/html_files.h"
#include "app/output.h"
#include "app/terminal.h"
#include "kernels/runtime/utf8.h"
#include "monitor/metrics/phrases.h"
#include "monitor/report/comparison.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/html/html_report.h"
#include "monitor/report/json.h"
#include "monitor/report/run.h"
#include "monitor/report/style.h"
#include "monitor/report/thresholds_text.h"

namespace gradvitals::app {
namespace {

void draw(std::span<const NetworkReport> networks, RuleSet rules, const std::string& path,
          const RunDiagnosis* run) {
  write_result(path, render_figure(networks, rules, figure_format(path).value(), path, run));
  note(fmt::format("figure written to {}", path));
}

/// Names each network that could not be judged.
bool any_judged(std::span<const NetworkReport> networks) {
  bool any = false;
  for (const NetworkReport& network : networks) {
    const bool judged = can_be_judged(network.metrics);
    if (!judged) {
      note(fmt::format("{}: nothing to judge, no gradient has an element", network.name));
    }
    any |= judged;
  }
  return any;
}

/// Names each network whose severity reaches `gate`.
bool trips_gate(std::span<const NetworkReport> networks, Severity gate) {
  if (gate == Severity::kOk) return false;
  bool trips = false;
  for (const NetworkReport& network : networks) {
    const Diagnosis& diagnosis = network.diagnosis;
    if (diagnosis.severity < gate) continue;
    note(fmt::format("--fail-on {}: {} is {}, its worst finding {}", name(gate), network.name,
                     name(diagnosis.verdict), name(diagnosis.severity)));
    trips = true;
  }
  return trips;
}

/// Names each training in which something was at least as severe as `gate`.
bool trips_gate(std::span<const NetworkReport> networks,
                std::span<const TrainedComparison> trainings, Severity gate) {
  bool trips = trips_gate(networks, gate);
  if (gate == Severity::kOk) return trips;
  for (const TrainedComparison& training : trainings) {
    for (std::size_t i = 0; i < training.networks.size(); ++i) {
      const Severity worst = training.networks.at(i).run.worst_severity;
      if (worst < gate) continue;
      note(fmt::format("--fail-on {}: the worst of {} with {} was {}", name(gate), networks[i].name,
                       training.optimizer, name(worst)));
      trips = true;
    }
  }
  return trips;
}

bool trips_gate(const RunDiagnosis& run, Severity gate) {
  if (gate == Severity::kOk || run.severity < gate) return false;
  note(fmt::format("--fail-on {}: the run is {}, its worst finding {}", name(gate),
                   name(run.verdict), name(run.severity)));
  return true;
}

TextStyle style_of(const JudgingOptions& options) {
  return text_style(options.color, options.ascii);
}

std::string_view source_of(const NetworkReport& network) {
  return network.source.empty() ? network.name : network.source;
}

/// "a.npz: note", each note once with all of its files. A file may hold many steps.
std::vector<std::string> note_lines(std::span<const NetworkReport> networks) {
  std::map<std::string_view, std::vector<std::string>> files;
  std::vector<std::string_view> order;
  std::set<std::string_view> all;
  for (const NetworkReport& network : networks) {
    all.insert(source_of(network));
    for (const std::string& said : network.notes) {
      std::vector<std::string>& of = files[said];
      if (of.empty()) order.push_back(said);
      if (of.empty() || of.back() != source_of(network)) of.emplace_back(source_of(network));
    }
  }
  std::vector<std::string> lines;
  for (const std::string_view said : order) {
    const std::vector<std::string>& of = files[said];
    const bool is_of_all = of.size() > 1 && of.size() == all.size();
    const std::string where = is_of_all ? fmt::format("all {} files", of.size()) : list_names(of);
    lines.push_back(fmt::format("{}: {}", where, said));
  }
  return lines;
}

/// Under the notebook's rules stdout is the notebook's text alone.
std::string notes_of(std::span<const NetworkReport> networks, const JudgingOptions& options) {
  std::string text;
  for (const std::string& line : note_lines(networks)) {
    if (options.rules == RuleSet::kNotebook) {
      note(line);
    } else {
      text += fmt::format("{}: {}\n", marker(Severity::kInfo), printable(line));
    }
  }
  return decorate(text, style_of(options));
}

/// All networks of a report are judged by the same limits.
std::string limits_line(std::span<const NetworkReport> networks, const JudgingOptions& options) {
  if (networks.empty()) return {};
  return thresholds_text(networks.front().diagnosis.thresholds, style_of(options));
}

using Writer = std::function<std::string()>;

/// Only requested outputs are composed: thousands of tensors make a long document.
struct Writers {
  Writer text;
  Writer json;
  std::function<std::string(const HtmlOptions& options)> html;
  std::function<std::vector<JudgedSubject>()> subjects;
};

ExitCode deliver(std::span<const NetworkReport> networks, const Writers& writers,
                 const std::function<bool()>& gate, const JudgingOptions& options,
                 const RunDiagnosis* run = nullptr) {
  const ExportFiles& exports = options.files.exports;
  const ExportOptions export_to = export_options(options.fail_on);
  std::vector<JudgedSubject> subjects;
  if (exports.needs_subjects()) subjects = writers.subjects();
  bool written = true;
  if (!options.files.takes_standard_output()) {
    written &= write_or_tell(
        [&] { write_result("-", exports.shown(writers.text(), subjects, export_to)); });
  }
  if (const auto& path = options.files.json) {
    written &= write_or_tell([&] { write_result(*path, writers.json()); });
  }
  if (const auto& path = options.files.html) {
    written &= write_or_tell([&] {
      write_result(*path, writers.html(html_options(options.files, options.rules, networks, run)));
    });
  }
  for (const std::string& path : options.files.plots) {
    written &= write_or_tell([&] { draw(networks, options.rules, path, run); });
  }
  written &= exports.write_subjects(subjects, export_to);
  written &= exports.write_statistics(networks);
  if (!written) return ExitCode::kError;
  if (!any_judged(networks)) return ExitCode::kNothingJudged;
  return gate() ? ExitCode::kGateTripped : ExitCode::kJudged;
}

}  // namespace

ExitCode deliver_diagnosis(const NetworkReport& network, const JudgingOptions& options) {
  const std::span<const NetworkReport> networks(&network, 1);
  return deliver(
      networks,
      {.text =
           [&] {
             return notes_of(networks, options) + limits_line(networks, options) +
                    diagnosis_text(network, options.rules, style_of(options));
           },
       .json = [&] { return diagnosis_json(network); },
       .html = [&](const HtmlOptions& page) { return networks_html(networks, page); },
       .subjects = [&] { return judged_subjects(networks); }},
      [&] { return trips_gate(networks, options.fail_on); }, options);
}

ExitCode deliver_run(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                     const JudgingOptions& options) {
  const auto text = [&] {
    const TextStyle style = style_of(options);
    std::string all = notes_of(networks, options) + limits_line(networks, options);
    for (const std::size_t place : steps_in_detail(networks, run)) {
      all += network_heading(networks[place], style) +
             diagnosis_text(networks[place], options.rules, style);
    }
    return all + run_text(networks, run, options.rules, style);
  };
  return deliver(
      networks,
      {.text = text,
       .json = [&] { return run_json(networks, run); },
       .html = [&](const HtmlOptions& page) { return steps_html(networks, run, page); },
       .subjects = [&] { return std::vector{judged_subject(networks, run)}; }},
      [&] { return trips_gate(run, options.fail_on); }, options, &run);
}

ExitCode deliver_comparison(std::span<const NetworkReport> networks, const JudgingOptions& options,
                            const std::string& preface,
                            std::span<const TrainedComparison> trainings) {
  const auto text = [&] {
    const TextStyle style = style_of(options);
    std::string all = preface + limits_line(networks, options);
    for (const NetworkReport& network : networks) {
      all += network_heading(network, style) + diagnosis_text(network, options.rules, style);
    }
    all += comparison_text(networks, options.rules, style);
    if (!trainings.empty()) all += trained_comparison_text(networks, trainings, style);
    return all;
  };
  return deliver(
      networks,
      {.text = text,
       .json = [&] { return comparison_json(networks, trainings); },
       .html = [&](const HtmlOptions& page) { return networks_html(networks, page, trainings); },
       .subjects = [&] { return judged_subjects(networks, trainings); }},
      [&] { return trips_gate(networks, trainings, options.fail_on); }, options);
}

}  // namespace gradvitals::app
