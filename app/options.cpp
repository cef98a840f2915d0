#include "app/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <set>
#include <system_error>

#include "framework/io/tensor_dump.h"
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

/// Letters to insert, delete, replace, or swap with the next: what a hand gets wrong.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1), last(to.size() + 1), row(to.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t is_other = from[i - 1] == to[j - 1] ? 0 : 1;
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + is_other});
      const bool is_swap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last.back();
}

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool looks_like_option(const std::string& argument) {
  return argument.starts_with('-') && argument.size() > 1;
}

/// The command that was called with more than it takes; else the program.
const CLI::App& command_with_extras(const CLI::App& program) {
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->parsed() && command->remaining_size() > 0) return *command;
  }
  return program;
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  constexpr std::size_t kLongest = 64, kLettersPerSlip = 3;
  if (word.size() > kLongest) return {};
  std::string_view nearest;
  std::size_t least = word.size() / kLettersPerSlip + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(word, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

bool has_unknown_option(const CLI::App& program) {
  return std::ranges::any_of(command_with_extras(program).remaining(), looks_like_option);
}

std::string unknown_option_message(const CLI::App& program) {
  const CLI::App& command = command_with_extras(program);
  const std::vector<std::string> unknown = command.remaining();
  const auto option = std::ranges::find_if(unknown, looks_like_option);
  const std::string help = fmt::format("gradvitals {}--help lists them",
                                       &command == &program ? "" : command.get_name() + ' ');
  if (option == unknown.end()) {
    return fmt::format("'{}' is one argument too many; {}", unknown.empty() ? "" : unknown.front(),
                       help);
  }
  const std::string word = option->substr(0, option->find('='));
  const std::string meant = did_you_mean(word, long_options(command));
  return fmt::format("{} is no option{}", word, meant.empty() ? "; " + help : meant);
}

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
  if (targets.empty()) return;
  std::vector<std::string> read(inputs.begin(), inputs.end());
  for (const std::string& input : inputs)
    std::ranges::move(shard_files(input), std::back_inserter(read));
  const auto refuse_input = [&read](const std::string& output) {
    for (const std::string& input : read) {
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
  const auto read_device = [this](const std::string& text) {
    device = parse_device(text);
    if (!device && text != "auto") {
      throw CLI::ValidationError(
          "--device", fmt::format("'{}' is not one of auto, cpu, cuda, cuda:N, sim", text));
    }
  };
  command
      .add_option_function<std::string>(
          "--device", read_device,
          "Where kernels run; auto: cuda where it can be used, else cpu. cuda:1 is the second GPU")
      ->type_name("auto|cpu|cuda[:N]|sim")
      ->default_str("auto");
  add_integer(command, "--threads", threads, 0, kMostThreads,
              "Threads of the cpu device; 0: one per core");
  add_word(command, "--gemm", {"hand-written", "cublas"}, "hand-written",
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
