#include "monitor/report/export/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "monitor/metrics/gradient_norms.h"
#include "monitor/report/export/export_text.h"

namespace gradvitals {
namespace {

std::string csv_text(std::string_view text) {
  std::string field = valid_utf8(text);
  for (std::size_t at = field.find('\0'); at != std::string::npos; at = field.find('\0', at)) {
    field.replace(at, 1, "\uFFFD");
  }
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char letter : field) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

/// One line, field by field.
class CsvRow {
 public:
  explicit CsvRow(std::string& csv) : csv_(csv) {}

  void text(std::string_view value) { field(csv_text(value)); }
  void number(double value) { field(exact_number(value)); }
  void number(const std::optional<double>& value) { value ? number(*value) : field(""); }
  void count(std::int64_t value) { field(fmt::format_int(value).c_str()); }
  void count(const std::optional<std::int64_t>& value) { value ? count(*value) : field(""); }
  void empty(int fields) {
    for (int i = 0; i < fields; ++i) field("");
  }
  void end() { csv_ += '\n'; }

 private:
  void field(std::string_view value) {
    if (!is_first_) csv_ += ',';
    is_first_ = false;
    csv_ += value;
  }

  std::string& csv_;
  bool is_first_ = true;
};

void add_step_fields(CsvRow& row, const HealthMetrics& metrics, const StepContext& context) {
  row.count(metrics.step);
  row.number(metrics.loss);
  row.number(context.learning_rate);
}

std::string_view network_name(const TensorRecord& tensor, const HealthMetrics& metrics,
                              std::string_view network) {
  const auto place = static_cast<std::size_t>(tensor.network);
  return place < metrics.networks.size() ? metrics.networks[place].text() : network;
}

void add_statistics(CsvRow& row, const TensorStats& stats) {
  const auto of_finite = [&stats](double value) {
    return stats.finite_count() > 0 ? std::optional(value) : std::nullopt;
  };
  const bool has_nonzero = stats.finite_count() > stats.zero_count;
  row.count(stats.count);
  row.number(stats.ieee_norm());
  row.number(of_finite(stats.l2_norm()));
  row.number(of_finite(stats.rms()));
  row.number(of_finite(stats.mean()));
  row.number(of_finite(stats.max_abs));
  row.number(has_nonzero ? std::optional(stats.min_abs_nonzero) : std::nullopt);
  row.count(stats.zero_count);
  row.count(stats.subnormal_count);
  row.count(stats.nan_count);
  row.count(stats.inf_count);
}

void append_tensor_row(std::string& csv, std::string_view network, const TensorRecord& tensor,
                       const HealthMetrics& metrics, const StepContext& context) {
  constexpr int kStatistics = 11;
  CsvRow row(csv);
  row.text(network_name(tensor, metrics, network));
  add_step_fields(row, metrics, context);
  row.text(tensor.name);
  row.text(name(tensor.role));
  row.count(tensor.layer < 0 ? std::nullopt : std::optional<std::int64_t>(tensor.layer));
  row.text(name(tensor.dtype));
  row.count(tensor.rows);
  row.count(tensor.cols);
  row.text(tensor.exists ? "true" : "false");
  if (tensor.exists) {
    add_statistics(row, tensor.stats);
  } else {
    row.empty(kStatistics);
  }
  row.end();
}

/// Of a gradient that is known by its norm alone.
void append_norm_row(std::string& csv, std::string_view network, std::size_t place,
                     const HealthMetrics& metrics, const StepContext& context) {
  constexpr int kOfTensor = 4, kAfterNorm = 9;
  CsvRow row(csv);
  row.text(network);
  add_step_fields(row, metrics, context);
  row.text(norm_name(metrics, place));
  row.text(name(Role::kGradient));
  row.empty(kOfTensor);
  row.text("true");
  row.empty(1);
  row.number(metrics.gradient_norms[place]);
  row.empty(kAfterNorm);
  row.end();
}

void append_event_row(std::string& csv, std::string_view run, const HealthEvent& event) {
  const Episode& episode = event.episode;
  const Finding& finding = episode.finding;
  CsvRow row(csv);
  row.text(run);
  row.text(name(event.kind));
  row.count(event.step);
  row.text(rule_number(finding.rule));
  row.text(rule_word(finding.rule));
  row.text(name(finding.severity));
  row.text(name(finding.verdict));
  row.text(finding.tensor);
  row.text(finding.network);
  row.number(finding.value);
  row.number(finding.threshold);
  row.count(episode.first_step);
  row.count(episode.peak_step);
  row.count(episode.last_step);
  row.count(episode.count);
  row.text(finding.consequence_of ? rule_number(*finding.consequence_of) : std::string_view());
  row.text(finding.text);
  row.text(fmt::format("{}", fmt::join(finding.advice, "; ")));
  row.end();
}

}  // namespace

std::string statistics_csv_header() {
  return "network,step,loss,learning_rate,tensor,role,layer,dtype,rows,cols,exists,count,norm,"
         "finite_norm,rms,mean,max_abs,min_abs_nonzero,zero_count,subnormal_count,nan_count,inf_"
         "count"
         "\n";
}

void append_statistics_csv(std::string& csv, std::string_view network, const HealthMetrics& metrics,
                           const StepContext& context) {
  for (const TensorRecord& tensor : metrics.tensors) {
    append_tensor_row(csv, network, tensor, metrics, context);
  }
  if (!metrics.tensors.empty()) return;
  for (std::size_t i = 0; i < metrics.gradient_norms.size(); ++i) {
    append_norm_row(csv, network, i, metrics, context);
  }
}

std::string statistics_csv(std::span<const NetworkReport> networks) {
  std::string csv = statistics_csv_header();
  for (const NetworkReport& network : networks) {
    append_statistics_csv(csv, network.name, network.metrics);
  }
  return csv;
}

std::string events_csv(const TrajectoryReport& run) {
  std::string csv =
      "run,event,step,rule,id,severity,verdict,tensor,network,value,limit,first_step,peak_step,"
      "last_step,count,consequence_of,text,advice\n";
  for (const HealthEvent& event : run.events) append_event_row(csv, run.name, event);
  if (run.events_left_out == 0) return csv;
  constexpr int kBeforeCount = 12;
  CsvRow row(csv);
  row.text(run.name);
  row.text("left_out");
  row.empty(kBeforeCount);
  row.count(run.events_left_out);
  row.empty(1);
  row.text(fmt::format("{} events after these are left out", run.events_left_out));
  row.empty(1);
  row.end();
  return csv;
}

}  // namespace gradvitals
