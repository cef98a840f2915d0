#include "app/options.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "framework/io/inflated_file.h"
#include "monitor/metrics/threshold_table.h"

namespace gradvitals::app {
namespace {

constexpr std::int64_t kMostThreads = 1024;

}  // namespace

void refuse_both(bool first, const char* first_name, bool second, const char* second_name,
                 const char* why) {
  if (first && second) {
    throw UsageError(fmt::format("{} and {} cannot go together: {}", first_name, second_name, why));
  }
}

void refuse_without(bool option, const char* option_name, bool needed, const char* needed_name) {
  if (option && !needed) throw UsageError(fmt::format("{} needs {}", option_name, needed_name));
}

void add_gate(Command& command, Severity& fail_on, const std::string& help) {
  command.word(
      "--fail-on", {"info", "warning", "critical"}, "", help, [&fail_on](const std::string& word) {
        for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kCritical}) {
          if (word == name(severity)) fail_on = severity;
        }
      });
}

void add_style(Command& command, ColorMode& color, bool& ascii) {
  command.word("--color", {"auto", "always", "never"}, "auto",
               "Colour the text; auto: on a terminal, unless NO_COLOR is set",
               [&color](const std::string& word) {
                 color = word == "always"  ? ColorMode::kAlways
                         : word == "never" ? ColorMode::kNever
                                           : ColorMode::kAuto;
               });
  command.flag("--ascii", ascii, "Plain ASCII text: no emoji, no lines drawn");
}

void JudgingOptions::add_to(Command& command) {
  files.add_to(command, ReportSubject::kNetworks);
  command.parsed(
      "--rules", "full|notebook", "full",
      "Judge by the full rules, or by the notebook's thresholds alone",
      [this](const std::string& word) {
        // "seed" is what it was called once.
        if (word != "full" && word != "notebook" && word != "seed") {
          throw std::invalid_argument(fmt::format("'{}' is not one of full, notebook", word));
        }
        rules = word == "full" ? RuleSet::kFull : RuleSet::kNotebook;
      });
  command.text(
      "--thresholds", thresholds_file, "FILE",
      "Limits of the full rules as JSON, in place of the default: {name: number} or {name: "
      "{\"warning\": X, \"critical\": Y}}; a name that is none is answered with all of them");
  add_gate(command, fail_on, "Exit 1 where a finding of the full rules is at least this severe");
  add_style(command, color, ascii);
}

void JudgingOptions::check(std::span<const NamedPath> inputs) const {
  if (rules == RuleSet::kNotebook && fail_on != Severity::kOk) {
    throw UsageError("--fail-on judges by the full rules and cannot go with --rules notebook");
  }
  if (rules == RuleSet::kNotebook && !thresholds_file.empty()) {
    throw UsageError(
        "--thresholds sets limits of the full rules and cannot go with --rules notebook");
  }
  if (rules == RuleSet::kNotebook && files.exports.needs_subjects()) {
    throw UsageError(
        "--junit, --markdown and --format github tell of the full rules and cannot go with --rules "
        "notebook");
  }
  std::vector<NamedPath> read(inputs.begin(), inputs.end());
  read.push_back({"--thresholds", thresholds_file});
  files.check(read);
}

Thresholds read_thresholds(const std::string& path) {
  if (path.empty()) return {};
  // Devices and pipes may have no end: no more is read than limits take.
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 20;
  if (path == "-")
    return parse_thresholds(read_inflated_standard_input(kMostBytes), "standard input");
  return parse_thresholds(read_inflated(path, kMostBytes), path);
}

Thresholds JudgingOptions::thresholds() const {
  return read_thresholds(thresholds_file);
}

void ComputeOptions::add_to(Command& command) {
  command.parsed(
      "--device", "auto|cpu|cuda[:N]|sim", "auto",
      "Where kernels run; auto: cuda where it can be used, else cpu. cuda:1 is the second GPU",
      [this](const std::string& text) {
        device = parse_device(text);
        if (device || text == "auto") return;
        throw std::invalid_argument(
            fmt::format("'{}' is not one of auto, cpu, cuda, cuda:N, sim", text));
      });
  command.integer("--threads", threads, 0, kMostThreads,
                  "Threads of the cpu device; 0: one per core");
  command.word("--gemm", {"hand-written", "cublas"}, "hand-written",
               "Who multiplies matrices on the cuda device", [this](const std::string& word) {
                 gemm = word == "cublas" ? GemmProvider::kCublas : GemmProvider::kHandWritten;
               });
}

Stream ComputeOptions::open_stream() const {
  const bool needs_cuda = gemm == GemmProvider::kCublas;
  if (needs_cuda && device.value_or(DeviceType::kCuda).type != DeviceType::kCuda) {
    throw UsageError(fmt::format("--gemm cublas needs --device cuda, not {}", name(*device)));
  }
  const Device chosen = device.value_or(
      needs_cuda || is_available(DeviceType::kCuda) ? DeviceType::kCuda : DeviceType::kCpu);
  Stream stream({.device = chosen, .threads = static_cast<int>(threads)});
  set_gemm_provider(stream, gemm);
  if (!device) note(fmt::format("device {}", name(chosen)));
  return stream;
}

}  // namespace gradvitals::app
