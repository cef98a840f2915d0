#include "app/deliver.h"

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <string>

#include "app/output.h"
#include "app/terminal.h"
#include "monitor/report/comparison.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/figure.h"
#include "monitor/report/json.h"
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

using Writer = std::function<std::string()>;

/// Only what is asked for is composed: thousands of tensors make a long document.
ExitCode deliver(std::span<const NetworkReport> networks, const Writer& text, const Writer& json,
                 const JudgingOptions& options) {
  bool written = true;
  if (options.json != "-") written &= attempt([&] { write_result("-", text()); });
  if (options.json) written &= attempt([&] { write_result(*options.json, json()); });
  for (const std::string& path : options.plots) {
    written &= attempt([&] { draw(networks, options.rules, path); });
  }
  if (!written) return ExitCode::kError;
  if (!any_judged(networks)) return ExitCode::kNothingJudged;
  return trips_gate(networks, options.fail_on) ? ExitCode::kGateTripped : ExitCode::kJudged;
}

TextStyle style_of(const JudgingOptions& options) {
  return {.color = use_color(options.color), .ascii = use_ascii(options.ascii)};
}

}  // namespace

ExitCode deliver_diagnosis(const NetworkReport& network, const JudgingOptions& options) {
  return deliver(
      {&network, 1}, [&] { return diagnosis_text(network, options.rules, style_of(options)); },
      [&] { return diagnosis_json(network); }, options);
}

ExitCode deliver_comparison(std::span<const NetworkReport> networks, const JudgingOptions& options,
                            const std::string& preface) {
  const auto text = [&] {
    const TextStyle style = style_of(options);
    std::string all = preface;
    for (const NetworkReport& network : networks) {
      all += network_heading(network, style) + diagnosis_text(network, options.rules, style);
    }
    return all + comparison_text(networks, options.rules, Thresholds{}, style);
  };
  return deliver(
      networks, text, [&] { return comparison_json(networks); }, options);
}

}  // namespace gradvitals::app
