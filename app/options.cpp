#include "app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include "monitor/report/figure.h"

namespace gradvitals::app {
namespace {

constexpr std::int64_t kMostThreads = 1024;

/// By hand: CLI11's own conversion saturates silently where a number leaves 64 bits.
std::int64_t read_integer(const std::string& name, const std::string& text, std::int64_t low,
                          std::int64_t high) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < low || value > high) {
    throw CLI::ValidationError(
        name, fmt::format("'{}' is not a whole number from {} to {}", text, low, high));
  }
  return value;
}

}  // namespace

CLI::Option* add_integer(CLI::App& command, const std::string& name, std::int64_t& value,
                         std::int64_t low, std::int64_t high, const std::string& help) {
  const auto read = [=, &value](const std::string& text) {
    value = read_integer(name, text, low, high);
  };
  return command.add_option_function<std::string>(name, read, help)
      ->type_name("N")
      ->default_str(std::to_string(value));
}

CLI::Option* add_integer(CLI::App& command, const std::string& name,
                         std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high,
                         const std::string& help) {
  const auto read = [=, &value](const std::string& text) {
    value = read_integer(name, text, low, high);
  };
  return command.add_option_function<std::string>(name, read, help)->type_name("N");
}

void add_word(CLI::App& command, const std::string& name, const std::vector<std::string>& choices,
              const std::string& default_word, const std::string& help,
              const std::function<void(const std::string&)>& assign) {
  const auto read = [=](const std::string& text) {
    if (std::ranges::find(choices, text) == choices.end()) {
      throw CLI::ValidationError(
          name, fmt::format("'{}' is not one of {}", text, fmt::join(choices, ", ")));
    }
    assign(text);
  };
  command.add_option_function<std::string>(name, read, help)
      ->type_name(fmt::format("{}", fmt::join(choices, "|")))
      ->default_str(default_word);
}

void JudgingOptions::add_to(CLI::App& command) {
  command
      .add_option("--json", json,
                  "Write everything as JSON to FILE; '-' is standard output, and then nothing else "
                  "is printed")
      ->type_name("FILE");
  command
      .add_option("--plot", plots,
                  "Draw the figure to FILE (.png, .svg, .pdf; .gp is the gnuplot script itself); "
                  "may be given more than once")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  add_word(command, "--rules", {"full", "seed"}, "full",
           "Judge by the full rules, or by the seed notebook's thresholds alone",
           [this](const std::string& word) {
             rules = word == "seed" ? RuleSet::kSeed : RuleSet::kFull;
           });
  add_word(
      command, "--fail-on", {"info", "warning", "critical"}, "",
      "Exit 1 where a finding of the full rules is at least this severe",
      [this](const std::string& word) {
        for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kCritical}) {
          if (word == name(severity)) fail_on = severity;
        }
      });
  add_word(command, "--color", {"auto", "always", "never"}, "auto",
           "Colour the text; auto: on a terminal, unless NO_COLOR is set",
           [this](const std::string& word) {
             color = word == "always"  ? ColorMode::kAlways
                     : word == "never" ? ColorMode::kNever
                                       : ColorMode::kAuto;
           });
  command.add_flag("--ascii", ascii, "Plain ASCII text: no emoji, no lines drawn");
}

void JudgingOptions::check(std::span<const std::string> inputs) const {
  if (rules == RuleSet::kSeed && fail_on != Severity::kOk) {
    throw UsageError("--fail-on judges by the full rules and cannot go with --rules seed");
  }
  // "a.svg" and "./a.svg" are one file.
  const auto file_of = [](const std::string& path) {
    std::error_code ignored;
    const std::filesystem::path file =
        std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
    return file.empty() ? path : file.native();
  };
  std::set<std::string> targets;
  if (json && json->empty()) throw UsageError("--json: the path is empty");
  if (json) targets.insert(file_of(*json));
  for (const std::string& plot : plots) {
    if (!figure_format(plot)) {
      throw UsageError(fmt::format("--plot: '{}' does not end in .png, .svg, .pdf or .gp", plot));
    }
    if (!targets.insert(file_of(plot)).second) {
      throw UsageError(fmt::format("'{}' is named twice as an output", plot));
    }
  }
  const auto refuse_input = [&inputs](const std::string& output) {
    for (const std::string& input : inputs) {
      std::error_code ignored;
      if (!std::filesystem::is_regular_file(output, ignored)) return;
      if (!std::filesystem::equivalent(input, output, ignored)) continue;
      throw UsageError(fmt::format("'{}' is read, and writing it would lose it", output));
    }
  };
  if (json) refuse_input(*json);
  std::ranges::for_each(plots, refuse_input);
}

void ComputeOptions::add_to(CLI::App& command) {
  add_word(command, "--device", {"auto", "cpu", "cuda", "sim"}, "auto",
           "Where kernels run; auto: cuda where it can be used, else cpu",
           [this](const std::string& word) { device = parse_device(word); });
  add_integer(command, "--threads", threads, 0, kMostThreads,
              "Threads of the cpu device; 0: one per core");
  add_word(command, "--gemm", {"hand-written", "cublas"}, "hand-written",
           "Who multiplies matrices on the cuda device", [this](const std::string& word) {
             gemm = word == "cublas" ? GemmProvider::kCublas : GemmProvider::kHandWritten;
           });
}

Stream ComputeOptions::open_stream() const {
  const bool needs_cuda = gemm == GemmProvider::kCublas;
  if (needs_cuda && device.value_or(DeviceType::kCuda) != DeviceType::kCuda) {
    throw UsageError(fmt::format("--gemm cublas needs --device cuda, not {}", name(*device)));
  }
  const DeviceType chosen = device.value_or(
      needs_cuda || is_available(DeviceType::kCuda) ? DeviceType::kCuda : DeviceType::kCpu);
  Stream stream({.device = chosen, .threads = static_cast<int>(threads), .gemm = gemm});
  if (!device) note(fmt::format("device {}", name(chosen)));
  return stream;
}

}  // namespace gradvitals::app
