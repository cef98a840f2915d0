#include "monitor/rules/notebook_interpreter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <vector>

#include "monitor/metrics/notebook_limits.h"

namespace gradvitals {
namespace {

// The literals of this file are the notebook's and do not come from Thresholds: tuning the rules must
// not change the notebook's results.

/// "{:.2e}" as CPython prints it: a NaN has no sign there.
std::string scientific(double value, int digits) {
  return std::isnan(value) ? "nan" : fmt::format("{:.{}e}", value, digits);
}

std::string vanishing_lines(const HealthMetrics& metrics) {
  if (metrics.vanished_layers > 0) {
    return fmt::format(
        "🚨 CRITICAL: {} layers have vanished gradients!\n"
        "   📝 Recommendation: Switch to ReLU activation\n"
        "   📝 Alternative: Check weight initialization\n",
        metrics.vanished_layers);
  }
  if (metrics.weak_layers > metrics.total_layers / 2) {
    return fmt::format(
        "⚠️ WARNING: {} layers have weak gradients\n"
        "   📝 Recommendation: Consider ReLU or better initialization\n",
        metrics.weak_layers);
  }
  return "✅ GOOD: No significant vanishing gradient problems detected\n";
}

std::string_view exploding_lines(double max_gradient) {
  if (max_gradient > 100) {
    return "🚨 CRITICAL: Gradient explosion detected!\n"
           "   📝 Recommendation: Apply gradient clipping\n"
           "   📝 Alternative: Reduce learning rate\n";
  }
  if (max_gradient > 10) {
    return "⚠️ WARNING: Large gradients detected\n"
           "   📝 Recommendation: Monitor closely, consider gradient clipping\n";
  }
  return "✅ GOOD: No gradient explosion detected\n";
}

std::string_view stability_lines(double ratio) {
  if (ratio > 100000) {
    return "🚨 CRITICAL: Very large gradient range - training may be unstable\n"
           "   📝 Recommendation: Improve initialization or add normalization\n";
  }
  if (ratio > 10000) {
    return "⚠️ WARNING: Large gradient range detected\n"
           "   📝 Recommendation: Monitor training stability\n";
  }
  return "✅ GOOD: Gradient range is reasonable\n";
}

std::string_view assessment_line(int score) {
  if (score >= kNotebookExcellent) return "🟢 EXCELLENT: Network gradients are healthy\n";
  if (score >= kNotebookModerate) return "🟡 MODERATE: Some issues detected, but manageable\n";
  if (score >= kNotebookPoor) return "🟠 POOR: Significant gradient problems detected\n";
  return "🔴 CRITICAL: Severe gradient problems - network may not train\n";
}

std::string_view verdict_of(int score) {
  if (score >= kNotebookExcellent) return "EXCELLENT";
  if (score >= kNotebookModerate) return "MODERATE";
  if (score >= kNotebookPoor) return "POOR";
  return "CRITICAL";
}

std::string statistics_lines(const HealthMetrics& metrics) {
  return fmt::format(
      "   Min gradient: {}\n"
      "   Max gradient: {}\n"
      "   Mean gradient: {}\n"
      "   Std gradient: {}\n"
      "   Gradient range ratio: {}\n"
      "   Vanished layers: {}/{}\n"
      "   Weak layers: {}/{}\n",
      scientific(metrics.min_gradient, 2), scientific(metrics.max_gradient, 2),
      scientific(metrics.mean_gradient, 2), scientific(metrics.std_gradient, 2),
      scientific(notebook_range_ratio(metrics), 1), metrics.vanished_layers, metrics.total_layers,
      metrics.weak_layers, metrics.total_layers);
}

/// Whether one of the notebook's checks points at what the verdict says. For the other verdicts it
/// has no check at all.
bool notebook_sees(Verdict verdict, const HealthMetrics& metrics) {
  switch (verdict) {
    case Verdict::kVanishing:
      return metrics.vanished_layers > 0 || metrics.weak_layers > metrics.total_layers / 2;
    case Verdict::kExploding:
      return metrics.max_gradient > kNotebookLargeNorm;
    case Verdict::kUnstable:
      return notebook_range_ratio(metrics) > kNotebookRangeRatio;
    default:
      return false;
  }
}

}  // namespace

double notebook_range_ratio(const HealthMetrics& metrics) {
  return metrics.max_gradient / (metrics.min_gradient + 1e-10);
}

NotebookScore notebook_score(const HealthMetrics& metrics) {
  int score = 0;
  if (metrics.vanished_layers == 0) {
    score += 3;
  } else if (metrics.vanished_layers < metrics.total_layers / 3) {
    score += 1;
  }
  if (metrics.max_gradient < 10) {
    score += 3;
  } else if (metrics.max_gradient < 100) {
    score += 1;
  }
  const double ratio = notebook_range_ratio(metrics);
  if (ratio < 10000) {
    score += 2;
  } else if (ratio < 100000) {
    score += 1;
  }
  return {score, verdict_of(score)};
}

std::string notebook_evidence(const HealthMetrics& metrics) {
  std::vector<std::string> seen;
  if (metrics.vanished_layers > 0) {
    seen.push_back(fmt::format("{} of {} norms {} below {}", metrics.vanished_layers,
                               metrics.total_layers, metrics.vanished_layers == 1 ? "lies" : "lie",
                               kNotebookVanishedNorm));
  }
  if (metrics.max_gradient > kNotebookLargeNorm) {
    seen.push_back(fmt::format("the largest norm is {}", scientific(metrics.max_gradient, 1)));
  }
  const double ratio = notebook_range_ratio(metrics);
  if (ratio > kNotebookRangeRatio)
    seen.push_back(fmt::format("norms span {}x", scientific(ratio, 1)));
  if (!seen.empty()) return fmt::format("{}", fmt::join(seen, " and "));
  if (!(metrics.min_gradient >= kNotebookVanishedNorm &&
        metrics.max_gradient <= kNotebookLargeNorm)) {
    return "a norm that is not a number crosses no limit";
  }
  return fmt::format("no norm is below {} (smallest: {}) or above {}", kNotebookVanishedNorm,
                     scientific(metrics.min_gradient, 1), kNotebookLargeNorm);
}

bool disagrees(const NotebookScore& notebook, const HealthMetrics& metrics,
               const Diagnosis& diagnosis) {
  if (diagnosis.verdict == Verdict::kHealthy) return notebook.score < kNotebookExcellent;
  // MODERATE is "manageable" in the notebook's words, which no critical finding is.
  const bool is_critical = diagnosis.severity == Severity::kCritical;
  const int highest_fitting_score = is_critical ? kNotebookModerate - 1 : kNotebookExcellent - 1;
  return notebook.score > highest_fitting_score || !notebook_sees(diagnosis.verdict, metrics);
}

std::string interpret_gradient_health(const HealthMetrics& metrics) {
  return interpret_gradient_health(metrics, "Loss Computed Successfully: ✅");
}

std::string interpret_gradient_health(const HealthMetrics& metrics, std::string_view loss_line) {
  const int score = notebook_score(metrics).score;
  return fmt::format(
      "\n🏥 GRADIENT HEALTH DIAGNOSIS:\n"
      "{:=<50}\n"
      "Total Layers Analyzed: {}\n"
      "{}\n"
      "\n🔍 VANISHING GRADIENT ANALYSIS:\n{}"
      "\n💥 EXPLODING GRADIENT ANALYSIS:\n{}"
      "\n⚖️ NETWORK STABILITY ANALYSIS:\n{}"
      "\n📊 DETAILED STATISTICS:\n{}"
      "\n🎯 OVERALL HEALTH ASSESSMENT:\n{}"
      "Health Score: {}/8\n",
      "", metrics.total_layers, loss_line, vanishing_lines(metrics),
      exploding_lines(metrics.max_gradient), stability_lines(notebook_range_ratio(metrics)),
      statistics_lines(metrics), assessment_line(score), score);
}

}  // namespace gradvitals
