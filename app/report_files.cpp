#include "app/report_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>

#include "app/output.h"
#include "app/tensorboard_file.h"
#include "app/terminal.h"
#include "monitor/report/figure/figure.h"

namespace gradvitals::app {
namespace {

constexpr std::string_view kTensorBoardOption = "--tensorboard";

}  // namespace

void ReportFiles::add_to(Command& command, ReportSubject subject) {
  command.text("--json", json, "FILE",
               "Write everything as JSON to FILE; '-' is standard output, and then nothing else is "
               "printed");
  command.text("--html", html, "FILE",
               "Write one HTML page that opens offline: what is wrong, where and what to do, with "
               "charts of every gradient");
  const bool is_run = subject == ReportSubject::kRun;
  command.repeated_text("--plot", plots, "FILE",
                        fmt::format("Draw {} to FILE (.png, .svg, .pdf; .gp is the gnuplot script "
                                    "itself); may be given more than once",
                                    is_run ? "the whole run" : "the figure"));
  exports.add_to(command);
  if (is_run) {
    command.text(
        "--tensorboard", tensorboard, "FOLDER",
        "Write events that TensorBoard shows: curves, vital signs and findings, and of a training "
        "that is watched now histograms at check-ups");
    exports.add_events_to(command);
    exports.add_state_to(command);
  }
}

std::vector<NamedPath> ReportFiles::outputs() const {
  std::vector<NamedPath> outputs;
  if (json && *json != "-") outputs.push_back({"--json", *json});
  if (html) outputs.push_back({"--html", *html});
  for (const std::string& plot : plots) outputs.push_back({"--plot", plot});
  std::ranges::move(exports.outputs(), std::back_inserter(outputs));
  if (tensorboard) outputs.push_back({kTensorBoardOption, *tensorboard});
  return outputs;
}

void ReportFiles::check(std::span<const NamedPath> inputs) const {
  for (const std::string& plot : plots) {
    if (figure_format(plot)) continue;
    throw UsageError(fmt::format("--plot: '{}' does not end in .png, .svg, .pdf or .gp", plot));
  }
  if (html == "-") throw UsageError("--html writes a file, not standard output: name one");
  if (tensorboard == "-") {
    throw UsageError("--tensorboard fills a folder, and not standard output: name one");
  }
  exports.check(takes_standard_output());
  check_paths(outputs(), inputs);
}

void ReportFiles::check_outputs(bool is_resumed) const {
  for (const NamedPath& output : outputs()) {
    if (output.named_by == kTensorBoardOption) {
      check_tensorboard_folder(output.named_by, output.path, is_resumed);
    } else {
      check_output(output.named_by, output.path);
    }
  }
}

bool write_or_tell(const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const std::exception& error) {
    note(error.what());
  }
  return false;
}

}  // namespace gradvitals::app
