#include "monitor/report/html/run_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "monitor/metrics/notebook_limits.h"
#include "monitor/report/html/network_data.h"
#include "monitor/report/shortened_names.h"

namespace gradvitals {
namespace {

/// Of a row of the heat map.
constexpr int kRowLabelLength = 26;

/// {"min", "max", "bad"}, a value for each interval; null where the signal is not known at all.
Json signal_json(std::span<const HistoryInterval> intervals, SignalRange HistoryInterval::*signal) {
  Json low = Json::array();
  Json high = Json::array();
  Json bad = Json::array();
  bool is_known = false;
  for (const HistoryInterval& interval : intervals) {
    const SignalRange& range = interval.*signal;
    is_known |= range.count > 0 || range.nonfinite_count > 0;
    low.push_back(range.count > 0 ? page_number(range.min) : Json());
    high.push_back(range.count > 0 ? page_number(range.max) : Json());
    bad.push_back(range.nonfinite_count);
  }
  if (!is_known) return {};
  return {{"min", std::move(low)}, {"max", std::move(high)}, {"bad", std::move(bad)}};
}

/// Floats without the lowest byte of their mantissa, 1.5e-5 of a value, little-endian and in base64: a page
/// holds hundreds of thousands. What is not zero does not become zero, nor what is finite infinite.
class FloatText {
 public:
  void add(double value) {
    constexpr std::uint32_t kLargest = 0x7F7FFF;
    const double most = static_cast<double>(std::numeric_limits<float>::max());
    const auto bits =
        std::bit_cast<std::uint32_t>(static_cast<float>(std::clamp(value, 0.0, most)));
    std::uint32_t kept = std::min((bits + 0x80U) >> 8U, kLargest);
    if (value > 0.0) kept = std::max(kept, 1U);
    for (unsigned shift = 0; shift < 24; shift += 8) {
      bytes_ += static_cast<char>(kept >> shift & 0xFFU);
    }
  }
  std::string text() const { return base64(bytes_); }

 private:
  std::string bytes_;
};

std::vector<std::size_t> places_with(const RunSeries& series, Role role) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < series.tensors().size(); ++i) {
    if (series.tensors()[i].role == role) places.push_back(i);
  }
  return places;
}

/// All counts are 0 for a tensor that came later.
NormSpan span_of(const SeriesPoint& point, std::size_t tensor) {
  return tensor < point.tensors.size() ? point.tensors[tensor] : NormSpan();
}

Json heat_json(const RunSeries& series, std::span<const std::size_t> places) {
  FloatText low;
  FloatText high;
  FloatText last;
  std::string flags;
  for (const SeriesPoint& point : series.points()) {
    for (const std::size_t place : places) {
      const NormSpan norms = span_of(point, place);
      low.add(norms.min);
      high.add(norms.max);
      last.add(norms.last);
      const unsigned held = (norms.finite > 0 ? 1U : 0U) | (norms.nonfinite > 0 ? 2U : 0U) |
                            (norms.missing > 0 ? 4U : 0U);
      flags += static_cast<char>(held);
    }
  }
  return {
      {"low", low.text()}, {"high", high.text()}, {"last", last.text()}, {"flags", base64(flags)}};
}

/// What flows through layers: one magnitude for each of `places` in each point, as it was at its end.
struct Flow {
  std::string_view key;
  std::string_view title;
  std::string_view what;  ///< Is divided by that of the other layer: "norm of dL/dz".
  bool is_backward = true;
  std::vector<std::size_t> places;
};

Json flow_json(const RunSeries& series, const Flow& flow) {
  FloatText last;
  for (const SeriesPoint& point : series.points()) {
    for (const std::size_t place : flow.places) {
      const NormSpan norms = span_of(point, place);
      const SeriesTensor& tensor = series.tensors()[place];
      // A norm grows with the width, which a forward signal is not to be measured by.
      const double size = flow.is_backward ? 1.0
                                           : std::sqrt(static_cast<double>(std::max<std::int64_t>(
                                                 tensor.rows * tensor.cols, 1)));
      last.add(norms.finite > 0 ? norms.last / size : 0.0);
    }
  }
  std::vector<std::string> names;
  Json networks = Json::array();
  for (const std::size_t place : flow.places) {
    names.push_back(series.tensors()[place].name.text());
    networks.push_back(page_text(series.tensors()[place].network));
  }
  return {{"key", flow.key},
          {"title", flow.title},
          {"what", flow.what},
          {"backward", flow.is_backward},
          {"labels", shortened_names(names, kRowLabelLength)},
          {"networks", std::move(networks)},
          {"last", last.text()}};
}

/// Deltas and pre-activations where they were watched, else the gradients of kernels.
Json flows_json(const RunSeries& series) {
  std::vector<std::size_t> kernels;
  for (const std::size_t place : places_with(series, Role::kGradient)) {
    const SeriesTensor& tensor = series.tensors()[place];
    if (tensor.rows > 1 && tensor.cols > 0) kernels.push_back(place);
  }
  std::vector<std::size_t> deltas = places_with(series, Role::kDelta);
  const bool has_deltas = deltas.size() > 1;
  Json flows = Json::array();
  const Flow backward{.key = "backward",
                      .title = "Backward gain per layer",
                      .what = has_deltas ? "norm of dL/dz" : "norm of the kernel's gradient",
                      .places = has_deltas ? std::move(deltas) : std::move(kernels)};
  if (backward.places.size() > 2) flows.push_back(flow_json(series, backward));
  const Flow forward{.key = "forward",
                     .title = "Forward gain per layer",
                     .what = "root mean square of z",
                     .is_backward = false,
                     .places = places_with(series, Role::kPreActivation)};
  if (forward.places.size() > 2) flows.push_back(flow_json(series, forward));
  return flows;
}

struct SignColumn {
  std::string_view key;
  std::string_view title;
  std::optional<double> VitalReadings::*reading;
  bool is_log;
};

constexpr std::array kSigns = {
    SignColumn{"norm_range", "Blood pressure: largest / smallest norm", &VitalReadings::norm_range,
               true},
    SignColumn{"stability", "Heart rate: spread of log10 norm", &VitalReadings::stability, false},
    SignColumn{"update_ratio", "Temperature: update / weight", &VitalReadings::update_ratio, true},
    SignColumn{"backward_factor", "Oxygen: backward factor", &VitalReadings::backward_factor, true},
    SignColumn{"forward_gain", "Oxygen: forward gain per layer", &VitalReadings::forward_gain,
               true},
    SignColumn{"gradient_spread", "Oxygen: relative gradient spread",
               &VitalReadings::gradient_spread, true},
    SignColumn{"dead", "Oxygen: dead units, worst layer", &VitalReadings::dead_unit_fraction,
               false},
    SignColumn{"saturated", "Oxygen: saturated, worst layer", &VitalReadings::saturation_fraction,
               false},
};

Json signs_json(const RunSeries& series) {
  Json json = {{"step", Json::array()}};
  for (const SeriesPoint& point : series.points()) json["step"].push_back(point.steps.last_step);
  for (const SignColumn& sign : kSigns) {
    Json values = Json::array();
    for (const SeriesPoint& point : series.points()) {
      values.push_back(page_number(point.signs.*sign.reading));
    }
    json[std::string(sign.key)] = std::move(values);
  }
  return json;
}

}  // namespace

Json curves_json(std::string_view name, std::string_view letter,
                 std::span<const HistoryInterval> intervals) {
  Json first = Json::array();
  Json last = Json::array();
  for (const HistoryInterval& interval : intervals) {
    first.push_back(interval.first_step);
    last.push_back(interval.last_step);
  }
  return {{"name", page_text(name)},
          {"letter", letter},
          {"first", std::move(first)},
          {"last", std::move(last)},
          {"loss", signal_json(intervals, &HistoryInterval::loss)},
          {"norm", signal_json(intervals, &HistoryInterval::global_norm)},
          {"rate", signal_json(intervals, &HistoryInterval::learning_rate)},
          {"tensors", Json::array()},
          {"marks", Json::array()}};
}

Json series_json(std::string_view name, std::string_view letter, const RunSeries& series,
                 std::span<const PageFinding> findings) {
  std::vector<HistoryInterval> intervals;
  for (const SeriesPoint& point : series.points()) intervals.push_back(point.steps);
  Json json = curves_json(name, letter, intervals);
  const std::vector<std::size_t> places = places_with(series, Role::kGradient);
  std::vector<std::string> names;
  json["layers"] = Json::array();
  for (const std::size_t place : places) {
    const SeriesTensor& tensor = series.tensors()[place];
    names.push_back(tensor.name.text());
    json["tensors"].push_back(page_text(tensor.name));
    json["layers"].push_back(tensor.layer);
  }
  json["labels"] = shortened_names(std::move(names), kRowLabelLength);
  json["heat"] = heat_json(series, places);
  json["flows"] = flows_json(series);
  json["signs"] = signs_json(series);
  json["faults"] = Json::array();
  for (const PageFinding& shown : findings) {
    const Finding& finding = *shown.finding;
    if (finding.severity < Severity::kWarning || finding.tensor.empty()) continue;
    if (!finding.consequence_of) json["faults"].push_back(page_text(finding.tensor));
  }
  return json;
}

Json sign_charts_json(const Thresholds& t) {
  const auto range_of = [&t](std::string_view key) -> std::pair<Json, Json> {
    if (key == "norm_range") return {Json(), t.range_ratio};
    if (key == "update_ratio") return {t.update_ratio_low, t.update_ratio_high};
    if (key == "backward_factor")
      return {t.backward_factor_low.warning, t.backward_factor_high.warning};
    if (key == "forward_gain") return {t.forward_gain_low.warning, t.forward_gain_high.warning};
    if (key == "dead") return {Json(), t.dead_unit_fraction.warning};
    if (key == "saturated") return {Json(), t.saturation_fraction};
    return {};
  };
  Json json = Json::array();
  for (const SignColumn& sign : kSigns) {
    const auto [low, high] = range_of(sign.key);
    json.push_back({{"key", sign.key},
                    {"title", sign.title},
                    {"log", sign.is_log},
                    {"low", low},
                    {"high", high}});
  }
  return json;
}

std::string run_letter(std::size_t place, std::size_t count) {
  constexpr std::size_t kLetters = 26;
  if (count < 2) return "";
  return std::string(1, static_cast<char>('A' + static_cast<int>(place % kLetters)));
}

std::string decimation_sentence(const RunSeries& series) {
  if (series.steps_per_point() <= 1) {
    return fmt::format("Every one of the {} steps is shown.", series.steps());
  }
  return fmt::format(
      "Decimated: {} steps are shown as {} points of {} steps each; a point keeps the smallest and "
      "the largest value of its steps, and whether one of them was not finite.",
      series.steps(), series.points().size(), series.steps_per_point());
}

}  // namespace gradvitals
