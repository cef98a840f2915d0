#include "benchmarks/study/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>

namespace gradvitals::study {
namespace {

constexpr std::string_view kBegin = "<!-- study: begin -->\n";
constexpr std::string_view kEnd = "<!-- study: end -->\n";

std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f} %", 100.0 * share);
}

std::string headline_row(std::string_view name, const Score& score) {
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, score.trains, score.fails,
                     percent(score.recall()), percent(score.precision()), percent(score.quiet()));
}

std::string headline(const Findings& findings) {
  std::string text =
      "| who judges | train | fail | recall | precision | of those that train, no warning |\n"
      "|---|---|---|---|---|---|\n";
  text += headline_row("full rules, half that limits were scored on",
                       score_of(findings.judged, Half::kScore));
  text += headline_row("full rules, half that limits were chosen on",
                       score_of(findings.judged, Half::kChoose));
  text += headline_row("the notebook's thresholds, scored half",
                       score_of(findings.judged, Half::kScore, true));
  return text;
}

using Key = std::function<std::string(const Judged&)>;

/// Recall and false alarms of the scored half, grouped by `key` of each network.
std::string by(std::string_view title, const std::vector<Judged>& judged, const Key& key) {
  std::map<std::string, Score> scores;
  for (const Judged& one : judged) {
    if (one.half == Half::kScore) scores[key(one)].add(one.truth, one.is_sick());
  }
  std::string text;
  for (const auto& [value, score] : scores) {
    text += fmt::format("| {} | {} | {} of {} | {} of {} |\n", title, value, score.false_alarms,
                        score.trains, score.fails - score.found, score.fails);
  }
  return text;
}

std::string depth_of(const Judged& one) {
  const int depth = one.trial->spec.depth;
  if (depth <= 2) return "1-2";
  if (depth <= 5) return "3-5";
  return depth <= 10 ? "6-10" : "11-20";
}

std::string breakdown(const std::vector<Judged>& judged) {
  std::string text = "| by | | false alarms | missed |\n|---|---|---|---|\n";
  text += by("initialisation", judged, [](const Judged& one) {
    return fmt::format("{} x {:g}", name(one.trial->spec.start), one.trial->spec.multiplier);
  });
  text += by("activation", judged, [](const Judged& one) {
    return std::string(gradvitals::name(one.trial->spec.activation));
  });
  text += by("hidden layers", judged, depth_of);
  text += by("width", judged,
             [](const Judged& one) { return fmt::format("{:>4}", one.trial->spec.width); });
  text += by("shape", judged,
             [](const Judged& one) { return std::string(name(one.trial->spec.outline)); });
  return text + by("task", judged, [](const Judged& one) { return one.task->name; });
}

std::string snapshots(const std::vector<SnapshotScore>& scores) {
  std::string text = "| step | snapshots | healthy |\n|---|---|---|\n";
  for (const SnapshotScore& score : scores) {
    text += fmt::format("| {} | {} | {} |\n", score.step, score.count,
                        percent(static_cast<double>(score.healthy) / score.count));
  }
  return text;
}

std::string faults(const std::vector<FaultResult>& results) {
  std::string text = "| fault | rightly named | otherwise |\n|---|---|---|\n";
  int subjects = 0, named = 0;
  for (const FaultResult& result : results) {
    text += fmt::format("| {} | {} of {} | {} |\n", result.fault, result.named, result.subjects,
                        fmt::join(result.others, ", "));
    subjects += result.subjects;
    named += result.named;
  }
  return text +
         fmt::format("| **all** | **{}** | |\n", percent(static_cast<double>(named) / subjects));
}

std::string defaults(const std::vector<DefaultResult>& results) {
  std::string text = "| activation | widths | networks | no warning |\n|---|---|---|---|\n";
  for (const DefaultResult& result : results) {
    text += fmt::format("| {} | {} | {} | {} |\n", gradvitals::name(result.activation),
                        result.shape, result.networks,
                        percent(1.0 - static_cast<double>(result.warned) / result.networks));
  }
  return text;
}

/// How B alone would do on the half that limits are chosen on, cut by cut.
std::string cuts(const std::vector<Judged>& judged) {
  std::string text =
      "| B below | networks that fail | networks that train | B above | fail | train |\n"
      "|---|---|---|---|---|---|\n";
  const auto share = [&](Truth truth, const std::function<bool(double)>& is_beyond) {
    int count = 0, beyond = 0;
    for (const Judged& one : judged) {
      const auto& factor = one.diagnosis.vital_signs.oxygen.backward_factor;
      if (one.half != Half::kChoose || one.truth != truth || !factor) continue;
      ++count;
      if (is_beyond(*factor)) ++beyond;
    }
    return count > 0 ? percent(static_cast<double>(beyond) / count) : "-";
  };
  constexpr std::pair<double, double> kCuts[] = {{1e-7, 1e3},  {1e-4, 100.0}, {1e-3, 30.0},
                                                 {3e-3, 12.0}, {1e-2, 6.0},   {0.03, 4.0},
                                                 {0.06, 3.0},  {0.2, 2.0}};
  for (const auto& [low, high] : kCuts) {
    const auto below = [low](double factor) { return factor < low; };
    const auto above = [high](double factor) { return factor > high; };
    text += fmt::format("| {:g} | {} | {} | {:g} | {} | {} |\n", low, share(Truth::kFails, below),
                        share(Truth::kTrains, below), high, share(Truth::kFails, above),
                        share(Truth::kTrains, above));
  }
  return text;
}

std::string mistakes(const std::vector<Judged>& judged) {
  std::string text = "| network | truth | verdict | because of |\n|---|---|---|---|\n";
  for (const Judged& one : judged) {
    const bool is_wrong = (one.truth == Truth::kTrains && one.is_sick()) ||
                          (one.truth == Truth::kFails && !one.is_sick());
    if (one.half != Half::kScore || !is_wrong) continue;
    const std::vector<Finding>& findings = one.diagnosis.findings;
    const bool is_decided = one.is_sick() && !findings.empty();
    text += fmt::format("| {}, {} | {} | {} | {} |\n", one.task->name, one.trial->spec.text(),
                        name(one.truth), gradvitals::name(one.diagnosis.verdict),
                        is_decided ? rule_number(findings.front().rule) : "-");
  }
  return text;
}

}  // namespace

std::string report(const Findings& findings) {
  return fmt::format(
      "### Networks whose training is known\n\n{}\n### Where it is wrong, in the scored "
      "half\n\n{}\n"
      "### Networks that have learnt, on the way\n\n{}\n### Faults\n\n{}\n"
      "### PyTorch's default initialisation\n\n{}\n### Why the limits of B are where they "
      "are\n\n{}\n"
      "### Every mistake of the scored half\n\n{}",
      headline(findings), breakdown(findings.judged), snapshots(findings.snapshots),
      faults(findings.faults), defaults(findings.defaults), cuts(findings.judged),
      mistakes(findings.judged));
}

void write_document(const std::string& path, const std::string& tables) {
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = text.find(kBegin), end = text.find(kEnd);
  if (!in || begin == std::string::npos || end == std::string::npos || end < begin) {
    throw std::runtime_error(path + " cannot be read, or has no markers to write between");
  }
  std::ofstream out(path, std::ios::trunc);
  out << text.substr(0, begin + kBegin.size()) << '\n' << tables << '\n' << text.substr(end);
  out.flush();
  if (!out) throw std::runtime_error("cannot write " + path);
}

}  // namespace gradvitals::study
