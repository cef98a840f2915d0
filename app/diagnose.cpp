#include "app/diagnose.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/deliver.h"
#include "app/judge.h"
#include "framework/io/gradient_dump.h"
#include "framework/io/inflated_file.h"
#include "framework/io/safetensors.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/metrics_json.h"
#include "monitor/report/figure.h"

namespace gradvitals::app {
namespace {

/// A norm takes some 25 bytes: those of half a million tensors.
constexpr std::int64_t kMaxMetricsBytes = std::int64_t{16} << 20;

NetworkReport judge_dump(Stream& stream, const SafetensorsFile& file,
                         const std::string& short_name) {
  const GradientDump dump(stream, file);
  HealthMetrics metrics = GradientMonitor(stream).examine(dump.views());
  return judge(std::move(metrics), stream.device(), file.path(), short_name);
}

/// For each path what tells it from the others: its stem, with as many folders before it as that
/// takes, or all of it.
std::vector<std::string> short_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names(paths.size());
  const auto name_with_folders = [](const std::filesystem::path& path, int folders) {
    std::filesystem::path name = path.stem();
    std::filesystem::path rest = path.parent_path();
    for (; folders > 0 && rest.has_filename(); --folders, rest = rest.parent_path()) {
      name = rest.filename() / name;
    }
    return name.native();
  };
  constexpr int kMaxFolders = 8;
  for (int folders = 0; folders <= kMaxFolders; ++folders) {
    std::ranges::transform(paths, names.begin(), [&](const std::string& path) {
      return name_with_folders(path, folders);
    });
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  }
  return paths;
}

ExitCode diagnose_metrics(const DiagnoseOptions& options) {
  HealthMetrics metrics =
      parse_metrics(read_inflated(options.metrics, kMaxMetricsBytes), options.metrics);
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
  if (!options.judging.plots.empty() && options.files.size() > kMaxFigureNetworks) {
    throw UsageError(fmt::format("--plot draws {} files at most, not {}", kMaxFigureNetworks,
                                 options.files.size()));
  }
  if (!options.metrics.empty()) return diagnose_metrics(options);
  // All are opened before any is judged: a wrong name shows at once.
  const std::vector<SafetensorsFile> files(options.files.begin(), options.files.end());
  Stream stream = options.computing.open_stream();
  std::vector<NetworkReport> reports;
  const std::vector<std::string> names = short_names(options.files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    reports.push_back(judge_dump(stream, files[i], names[i]));
  }
  return reports.size() == 1 ? deliver_diagnosis(reports.front(), options.judging)
                             : deliver_comparison(reports, options.judging);
}

}  // namespace gradvitals::app
