#include "monitor/report/export/metrics_text.h"

#include <fmt/format.h>

#include <cmath>

#include "monitor/report/export/export_text.h"

namespace gradvitals {
namespace {

constexpr std::size_t kMostLabelBytes = 256;

std::string escaped_label(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\n') {
      out += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '"') out += '\\';
    out += letter;
  }
  return out;
}

std::string metric_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0.0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string value = valid_utf8(abridged(text, kMostLabelBytes));
  // Some readers split lines at what is no line end to others.
  for (char& letter : value) {
    if (letter == '\r' || letter == '\0') letter = ' ';
  }
  return value;
}

MetricsText::MetricsText(std::string_view run) : run_(label_value(run)) {}

void MetricsText::begin(std::string_view name, std::string_view help, std::string_view type,
                        std::string_view unit) {
  name_ = fmt::format("gradvitals_{}", name);
  suffix_ = type == "counter" ? "_total" : "";
  head_ = fmt::format("# TYPE {0} {1}\n", name_, type);
  if (!unit.empty()) head_ += fmt::format("# UNIT {} {}\n", name_, unit);
  head_ += fmt::format("# HELP {} {}\n", name_, escaped_label(help));
}

void MetricsText::gauge(std::string_view name, std::string_view help, std::string_view unit) {
  begin(name, help, "gauge", unit);
}

void MetricsText::counter(std::string_view name, std::string_view help) {
  begin(name, help, "counter", {});
}

void MetricsText::sample(const MetricLabels& labels, const std::optional<double>& value) {
  if (!value) return;
  text_ += head_;
  head_.clear();
  text_ += fmt::format("{}{}{{run=\"{}\"", name_, suffix_, escaped_label(run_));
  for (const auto& [label, text] : labels) {
    text_ += fmt::format(",{}=\"{}\"", label, escaped_label(text));
  }
  text_ += fmt::format("}} {}\n", metric_number(*value));
}

void MetricsText::gauge_of(std::string_view name, std::string_view help,
                           const std::optional<double>& value, std::string_view unit) {
  gauge(name, help, unit);
  sample(value);
}

std::string MetricsText::finish() && {
  return std::move(text_ += "# EOF\n");
}

}  // namespace gradvitals
