#include "app/diagnose.h"

#include <filesystem>

#include "app/deliver.h"
#include "app/judge.h"
#include "framework/io/gradient_dump.h"
#include "framework/io/inflated_file.h"
#include "framework/io/safetensors.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/metrics_json.h"

namespace gradvitals::app {
namespace {

NetworkReport judge_dump(Stream& stream, const SafetensorsFile& file) {
  HealthMetrics metrics = GradientMonitor(stream).examine(gradient_views(file));
  return judge(std::move(metrics), stream.device(), file.path(),
               std::filesystem::path(file.path()).stem().native());
}

ExitCode diagnose_metrics(const DiagnoseOptions& options) {
  HealthMetrics metrics = parse_metrics(read_inflated(options.metrics), options.metrics);
  return deliver_diagnosis(judge(std::move(metrics), DeviceType::kCpu, options.metrics),
                           options.judging);
}

}  // namespace

CLI::App* DiagnoseOptions::add_to(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "diagnose", "Judge gradients dumped by any framework, or recorded metrics");
  command->add_option("FILE", files, "Gradients as safetensors; several are compared, one per step")
      ->type_name("");
  command->add_option("--metrics", metrics, "Recorded metrics as JSON with the seed's keys")
      ->type_name("FILE");
  judging.add_to(*command);
  computing.add_to(*command);
  return command;
}

ExitCode diagnose(const DiagnoseOptions& options) {
  options.judging.check();
  if (options.files.empty() == options.metrics.empty()) {
    throw UsageError("diagnose takes gradient files or --metrics FILE, one of the two");
  }
  if (!options.metrics.empty()) return diagnose_metrics(options);
  // All are opened before any is judged: a wrong name shows at once.
  const std::vector<SafetensorsFile> files(options.files.begin(), options.files.end());
  Stream stream = options.computing.open_stream();
  std::vector<NetworkReport> reports;
  for (const SafetensorsFile& file : files) reports.push_back(judge_dump(stream, file));
  return reports.size() == 1 ? deliver_diagnosis(reports.front(), options.judging)
                             : deliver_comparison(reports, options.judging);
}

}  // namespace gradvitals::app
