#include "app/deliver.h"

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/output.h"
#include "app/terminal.h"
#include "kernels/utf8.h"
#include "monitor/report/comparison.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/figure.h"
#include "monitor/report/json.h"
#include "monitor/report/run.h"
#include "monitor/report/style.h"

namespace gradvitals::app {
namespace {

/// True where the output was written; else says why not.
bool attempt(const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const std::exception& error) {
    note(error.what());
  }
  return false;
}

void draw(std::span<const NetworkReport> networks, RuleSet rules, const std::string& path) {
  write_result(path, render_figure(networks, rules, figure_format(path).value(), path));
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

/// Names each network that is at least as sick as `gate`.
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

bool trips_gate(const RunDiagnosis& run, Severity gate) {
  if (gate == Severity::kOk || run.severity < gate) return false;
  note(fmt::format("--fail-on {}: the run is {}, its worst finding {}", name(gate),
                   name(run.verdict), name(run.severity)));
  return true;
}

TextStyle style_of(const JudgingOptions& options) {
  return {.color = use_color(options.color), .ascii = use_ascii(options.ascii)};
}

/// What is said of the inputs, each thing once, with the first one that it is true of.
std::string notes_text(std::span<const NetworkReport> networks, TextStyle style) {
  std::map<std::string_view, std::vector<const NetworkReport*>> inputs;
  std::vector<std::string_view> order;
  for (const NetworkReport& network : networks) {
    for (const std::string& text : network.notes) {
      if (inputs[text].empty()) order.push_back(text);
      inputs[text].push_back(&network);
    }
  }
  std::string text;
  for (const std::string_view said : order) {
    const auto& of = inputs[said];
    const std::string where = of.size() == networks.size()
                                  ? ""
                                  : fmt::format(" ({} of {} files, first {})", of.size(),
                                                networks.size(), of.front()->name);
    text += fmt::format("{}: {}\n", marker(Severity::kInfo),
                        printable(fmt::format("{}{}", said, where)));
  }
  return decorate(text, style);
}

/// Under the notebook's rules stdout is the notebook's text alone.
std::string notes_of(std::span<const NetworkReport> networks, const JudgingOptions& options) {
  const std::string text = notes_text(networks, style_of(options));
  if (options.rules == RuleSet::kFull) return text;
  for (const NetworkReport& network : networks) {
    for (const std::string& said : network.notes) note(fmt::format("{}: {}", network.name, said));
  }
  return {};
}

using Writer = std::function<std::string()>;

/// Only what is asked for is composed: thousands of tensors make a long document.
ExitCode deliver(std::span<const NetworkReport> networks, const Writer& text, const Writer& json,
                 const std::function<bool()>& gate, const JudgingOptions& options) {
  bool written = true;
  if (options.json != "-") written &= attempt([&] { write_result("-", text()); });
  if (options.json) written &= attempt([&] { write_result(*options.json, json()); });
  for (const std::string& path : options.plots) {
    written &= attempt([&] { draw(networks, options.rules, path); });
  }
  if (!written) return ExitCode::kError;
  if (!any_judged(networks)) return ExitCode::kNothingJudged;
  return gate() ? ExitCode::kGateTripped : ExitCode::kJudged;
}

}  // namespace

ExitCode deliver_diagnosis(const NetworkReport& network, const JudgingOptions& options) {
  const std::span<const NetworkReport> networks(&network, 1);
  return deliver(
      networks,
      [&] {
        return notes_of(networks, options) +
               diagnosis_text(network, options.rules, style_of(options));
      },
      [&] { return diagnosis_json(network); },
      [&] { return trips_gate(networks, options.fail_on); }, options);
}

ExitCode deliver_run(std::span<const NetworkReport> networks, const RunDiagnosis& run,
                     const JudgingOptions& options) {
  const auto text = [&] {
    const TextStyle style = style_of(options);
    std::string all = notes_of(networks, options);
    for (const std::size_t place : steps_in_detail(networks, run)) {
      all += network_heading(networks[place], style) +
             diagnosis_text(networks[place], options.rules, style);
    }
    return all + run_text(networks, run, options.rules, style);
  };
  return deliver(
      networks, text, [&] { return run_json(networks, run); },
      [&] { return trips_gate(run, options.fail_on); }, options);
}

ExitCode deliver_comparison(std::span<const NetworkReport> networks, const JudgingOptions& options,
                            const std::string& preface) {
  const auto text = [&] {
    const TextStyle style = style_of(options);
    std::string all = preface;
    for (const NetworkReport& network : networks) {
      all += network_heading(network, style) + diagnosis_text(network, options.rules, style);
    }
    return all + comparison_text(networks, options.rules, style);
  };
  return deliver(
      networks, text, [&] { return comparison_json(networks); },
      [&] { return trips_gate(networks, options.fail_on); }, options);
}

}  // namespace gradvitals::app
