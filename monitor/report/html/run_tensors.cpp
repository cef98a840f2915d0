// The table of the gradients of runs.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "monitor/metrics/notebook_limits.h"
#include "monitor/report/html/network_data.h"
#include "monitor/report/html/run_data.h"

namespace gradvitals {
namespace {

std::string_view word_of_norm(const SeriesTensor& tensor) {
  if (!tensor.exists) return "missing";
  if (!std::isfinite(tensor.last_norm)) return "not finite";
  if (tensor.last_norm < kNotebookVanishedNorm) return "vanished";
  if (tensor.last_norm < kNotebookWeakNorm) return "weak";
  return tensor.last_norm > kNotebookLargeNorm ? "exploding" : "healthy";
}

std::optional<double> ratio_of(const std::optional<double>& part,
                               const std::optional<double>& whole) {
  if (!part || !whole || !(*whole > 0.0)) return std::nullopt;
  return *part / *whole;
}

constexpr std::array kSeriesColumns = {
    TensorColumn{"network", "Run", "text"},
    TensorColumn{"name", "Tensor", "text"},
    TensorColumn{"layer", "Layer", "count"},
    TensorColumn{"dtype", "Type", "text"},
    TensorColumn{"shape", "Shape", "text"},
    TensorColumn{"word", "Class at the end", "class"},
    TensorColumn{"norm", "L2 norm", "number"},
    TensorColumn{"largest", "Largest norm", "number"},
    TensorColumn{"largest_step", "at step", "count"},
    TensorColumn{"bad_step", "First not finite", "count"},
    TensorColumn{"rms", "RMS", "number"},
    TensorColumn{"max", "Largest element", "number"},
    TensorColumn{"zeros", "Zeros", "percent"},
    TensorColumn{"bad", "NaN, Inf", "count"},
    TensorColumn{"weight", "Weight norm", "number"},
    TensorColumn{"ratio", "Gradient / weight", "number"},
    TensorColumn{"update", "Update / weight", "number"},
};

Json series_row(const SeriesTensor& tensor, std::size_t run, std::size_t place, const Json& owner) {
  const TensorStats& stats = tensor.last;
  const bool has_stats = !tensor.is_known_by_norm && tensor.exists && stats.finite_count() > 0;
  const auto measured = [has_stats](double value) {
    return has_stats ? page_number(value) : Json();
  };
  Json name = page_text(tensor.network.empty()
                            ? tensor.name.text()
                            : fmt::format("{}: {}", tensor.network.text(), tensor.name.text()));
  return Json::array(
      {run, place, owner, std::move(name), tensor.layer < 0 ? Json() : Json(tensor.layer),
       tensor.is_known_by_norm ? Json() : Json(gradvitals::name(tensor.dtype)),
       tensor.rows > 0 ? Json(fmt::format("{} x {}", tensor.rows, tensor.cols)) : Json(),
       word_of_norm(tensor), tensor.exists ? page_number(tensor.last_norm) : Json(),
       page_number(tensor.max_norm), tensor.max_norm ? Json(tensor.max_norm_step) : Json(),
       tensor.first_nonfinite_step ? Json(*tensor.first_nonfinite_step) : Json(),
       measured(stats.rms()), measured(stats.max_abs),
       has_stats
           ? page_number(static_cast<double>(stats.zero_count) / static_cast<double>(stats.count))
           : Json(),
       tensor.is_known_by_norm ? Json() : Json(stats.nonfinite_count()),
       page_number(tensor.weight_norm),
       page_number(ratio_of(tensor.exists ? std::optional(tensor.last_norm) : std::nullopt,
                            tensor.weight_norm)),
       page_number(ratio_of(tensor.update_norm, tensor.weight_norm))});
}

}  // namespace

Json series_tensors_json(std::span<const RunSeries* const> runs) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string letter = run_letter(i, runs.size());
    const Json owner = letter.empty() ? Json() : Json(letter);
    std::size_t place = 0;
    for (const SeriesTensor& tensor : runs[i]->tensors()) {
      if (tensor.role == Role::kGradient) rows.push_back(series_row(tensor, i, place++, owner));
    }
  }
  Json keys = {"place", "tensor"};
  for (const TensorColumn& column : kSeriesColumns) keys.push_back(column.key);
  return {{"kind", "run"},
          {"keys", std::move(keys)},
          {"columns", tensor_columns_json(kSeriesColumns)},
          {"rows", std::move(rows)}};
}

}  // namespace gradvitals
