#include "monitor/report/html/network_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/metrics/gradient_norms.h"
#include "monitor/metrics/notebook_limits.h"
#include "monitor/metrics/signal_flow.h"
#include "monitor/report/figure/figure_classes.h"
#include "monitor/report/html/html_sections.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

/// Of a bar.
constexpr int kLabelLength = 18;

/// A gradient of the figure: its place among the norms, or that it is missing.
struct FigureBar {
  std::string name;
  std::optional<std::size_t> norm;
};

/// Where tensors are known, gradients that are missing have a place, too.
std::vector<FigureBar> figure_bars(const HealthMetrics& metrics) {
  std::vector<FigureBar> bars;
  std::size_t next = 0;
  if (metrics.gradient_names.empty()) {
    for (const TensorRecord& tensor : metrics.tensors) {
      if (has_norm(tensor)) {
        bars.push_back({tensor.name.text(), next++});
      } else if (tensor.role == Role::kGradient) {
        bars.push_back({tensor.name.text(), {}});
      }
    }
  }
  if (next == metrics.gradient_norms.size() && !bars.empty()) return bars;
  bars.clear();
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    bars.push_back({norm_name(metrics, i), i});
  }
  return bars;
}

std::string_view class_word(std::size_t norm_class) {
  constexpr std::array<std::string_view, kJudgedClass + 1> kWords = {"vanished", "weak", "healthy",
                                                                     "exploding", "at fault"};
  return kWords.at(norm_class);
}

std::string shape_of(const TensorRecord& tensor) {
  if (tensor.rank < 2 || tensor.rows <= 1) return fmt::to_string(tensor.stats.count);
  return fmt::format("{} x {}", tensor.rows, tensor.cols);
}

/// What is known of a tensor from its name and place alone.
struct TensorRow {
  std::size_t network = 0;
  Json owner;  ///< The network's title; null where there is one.
  Json bar;
  std::string word;
};

Json row_of(const TensorRecord& tensor, const TensorRow& row, const std::optional<double>& weight,
            const std::optional<double>& ratio) {
  const TensorStats& stats = tensor.stats;
  const bool is_known = tensor.exists && stats.finite_count() > 0;
  const auto measured = [is_known](double value) { return is_known ? page_number(value) : Json(); };
  return Json::array(
      {row.network, row.bar, row.owner, page_text(tensor.name), name(tensor.role),
       tensor.layer < 0 ? Json() : Json(tensor.layer), name(tensor.dtype), shape_of(tensor),
       row.word, measured(stats.l2_norm()), measured(stats.rms()), measured(stats.max_abs),
       measured(stats.mean()),
       stats.count > 0 ? page_number(fraction(stats.zero_count, stats.count)) : Json(),
       stats.nan_count + stats.inf_count, page_number(weight), page_number(ratio)});
}

constexpr std::array kColumns = {
    TensorColumn{"network", "Network", "text"},
    TensorColumn{"name", "Tensor", "text"},
    TensorColumn{"role", "Role", "text"},
    TensorColumn{"layer", "Layer", "count"},
    TensorColumn{"dtype", "Type", "text"},
    TensorColumn{"shape", "Shape", "text"},
    TensorColumn{"word", "Class", "class"},
    TensorColumn{"norm", "L2 norm", "number"},
    TensorColumn{"rms", "RMS", "number"},
    TensorColumn{"max", "Largest", "number"},
    TensorColumn{"mean", "Mean", "number"},
    TensorColumn{"zeros", "Zeros", "percent"},
    TensorColumn{"bad", "NaN, Inf", "count"},
    TensorColumn{"weight", "Weight norm", "number"},
    TensorColumn{"ratio", "Gradient / weight", "number"},
};

/// The classes of the norms, in words; what is not finite has none.
std::vector<std::string> words_of(const NetworkReport& network, RuleSet rules) {
  std::vector<std::string> words;
  const std::vector<double>& norms = network.metrics.gradient_norms;
  const std::vector<std::size_t> classes = classes_of(network, rules);
  for (std::size_t i = 0; i < norms.size(); ++i) {
    words.emplace_back(std::isnan(norms[i])   ? "not finite"
                       : std::isinf(norms[i]) ? "infinite"
                                              : class_word(classes[i]));
  }
  return words;
}

void add_rows_of_norms(Json& rows, const NetworkReport& network, TensorRow row,
                       const std::vector<std::string>& words) {
  const HealthMetrics& metrics = network.metrics;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    Json cells = Json::array({row.network, i, row.owner, page_text(norm_name(metrics, i)),
                              name(Role::kGradient), Json(), Json(), Json(), words[i],
                              page_number(metrics.gradient_norms[i])});
    while (cells.size() < kColumns.size() + 2) cells.push_back(Json());
    rows.push_back(std::move(cells));
  }
}

void add_rows_of_tensors(Json& rows, const NetworkReport& network, TensorRow row,
                         const std::vector<std::string>& words) {
  const HealthMetrics& metrics = network.metrics;
  std::map<std::string_view, double> weights;
  for (const TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kWeight) weights[tensor.name] = tensor.stats.l2_norm();
  }
  const std::vector<std::optional<double>> ratios = gradient_to_weight_ratios(metrics);
  std::size_t bar = 0;
  std::size_t norm = 0;
  for (std::size_t i = 0; i < metrics.tensors.size(); ++i) {
    const TensorRecord& tensor = metrics.tensors[i];
    const bool is_gradient = tensor.role == Role::kGradient;
    const bool is_unit = tensor.role == Role::kPreActivation || tensor.role == Role::kOutput ||
                         tensor.role == Role::kDelta;
    if (!is_gradient && !is_unit) continue;
    row.bar = is_gradient ? Json(bar++) : Json();
    row.word = has_norm(tensor) && norm < words.size() ? words[norm++]
               : is_gradient                           ? "missing"
                                                       : "";
    const auto weight = weights.find(tensor.name);
    const bool has_weight = is_gradient && weight != weights.end();
    rows.push_back(
        row_of(tensor, row, has_weight ? std::optional(weight->second) : std::nullopt, ratios[i]));
  }
}

}  // namespace

Severity severity_of_score(int score) {
  if (score >= kNotebookExcellent) return Severity::kOk;
  return score >= kNotebookModerate ? Severity::kWarning : Severity::kCritical;
}

std::string verdict_word(const NetworkReport& network, RuleSet rules) {
  if (rules == RuleSet::kFull) return std::string(word_of(network.diagnosis.verdict));
  return fmt::format("{} {}/8", network.notebook.verdict, network.notebook.score);
}

Json network_json(const NetworkReport& network, RuleSet rules) {
  const HealthMetrics& metrics = network.metrics;
  const std::vector<FigureBar> bars = figure_bars(metrics);
  const std::vector<std::size_t> classes = classes_of(network, rules);
  const std::vector<std::size_t> faults = bars_at_fault(network, rules);
  std::vector<std::string> names;
  for (const FigureBar& bar : bars) names.push_back(bar.name);
  Json json = {{"name", page_text(network.name)}, {"word", verdict_word(network, rules)}};
  json["labels"] = shortened_names(names, kLabelLength);
  json["names"] = Json::array();
  json["norms"] = Json::array();
  json["classes"] = Json::array();
  json["faults"] = Json::array();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double norm = bars[i].norm ? metrics.gradient_norms[*bars[i].norm] : std::nan("");
    json["names"].push_back(page_text(bars[i].name));
    json["norms"].push_back(bars[i].norm ? page_number(norm) : Json());
    json["classes"].push_back(std::isnan(norm) ? Json() : Json(classes[*bars[i].norm]));
    const bool is_at_fault =
        bars[i].norm && std::ranges::find(faults, *bars[i].norm) != faults.end();
    if (is_at_fault) json["faults"].push_back(i);
  }
  json["stats"] = {page_number(metrics.min_gradient), page_number(metrics.max_gradient),
                   page_number(metrics.mean_gradient), page_number(metrics.std_gradient)};
  return json;
}

Json tensor_columns_json(std::span<const TensorColumn> columns) {
  Json json = Json::array();
  for (const TensorColumn& column : columns) {
    json.push_back({{"key", column.key}, {"title", column.title}, {"kind", column.kind}});
  }
  return json;
}

Json tensors_json(std::span<const NetworkReport> networks, RuleSet rules) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const NetworkReport& network = networks[i];
    const TensorRow row{.network = i,
                        .owner = networks.size() > 1 ? page_text(network.title()) : Json(),
                        .bar = {},
                        .word = {}};
    const std::vector<std::string> words = words_of(network, rules);
    const bool has_tensors =
        !network.metrics.tensors.empty() && network.metrics.gradient_names.empty();
    if (has_tensors) {
      add_rows_of_tensors(rows, network, row, words);
    } else {
      add_rows_of_norms(rows, network, row, words);
    }
  }
  return {{"kind", "network"},
          {"keys",
           {"place", "tensor", "network", "name", "role", "layer", "dtype", "shape", "word", "norm",
            "rms", "max", "mean", "zeros", "bad", "weight", "ratio"}},
          {"columns", tensor_columns_json(kColumns)},
          {"rows", std::move(rows)}};
}

Json figure_limits_json() {
  return {{"vanished", kNotebookVanishedNorm},
          {"weak", kNotebookWeakNorm},
          {"large", kNotebookLargeNorm}};
}

}  // namespace gradvitals
