// Options that several commands share, and how they are read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app/terminal.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/device.h"
#include "kernels/runtime/stream.h"
#include "monitor/report/network_report.h"
#include "monitor/rules/diagnosis.h"

// CLI11 is one large header, and every file that reads it compiles its global objects again.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace gradvitals::app {

/// Options that are each right and together wrong: what() names them.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Options of every command that judges.
struct JudgingOptions {
  std::optional<std::string> json;  ///< Path, or "-" for stdout.
  std::vector<std::string> plots;   ///< Paths ending in .png, .svg, .pdf or .gp.
  RuleSet rules = RuleSet::kFull;
  Severity fail_on = Severity::kOk;  ///< Exit 1 from this severity on; kOk for no gate.
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;

  void add_to(CLI::App& command);
  /// Throws UsageError for options that contradict each other, and for an output that is one of the
  /// files that are read, shards of an index among them, under whatever name.
  void check(std::span<const std::string> inputs = {}) const;
};

/// Options of every command that computes.
struct ComputeOptions {
  std::optional<Device> device;  ///< Empty for auto.
  std::int64_t threads = 0;      ///< 0 for one per core.
  GemmProvider gemm = GemmProvider::kHandWritten;

  void add_to(CLI::App& command);
  /// The stream asked for; `auto` says on stderr which device it took. Throws DeviceError with the
  /// reason where the device or cuBLAS cannot be used, and UsageError for cuBLAS elsewhere than on
  /// cuda.
  Stream open_stream() const;
};

/// What to say of an argument that is no option of the command which was called, with the option that
/// was probably meant; for what CLI11 refused as not expected.
std::string unknown_option_message(const CLI::App& program);

/// Whether an argument of the command which was called looks like an option and is none.
bool has_unknown_option(const CLI::App& program);

/// "; did you mean NAME?" for the nearest of `known` where `word` is a slip of the hand away from it;
/// else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

/// An option that takes a whole number from `low` to `high`, and says so when it gets something
/// else.
CLI::Option* add_integer(CLI::App& command, const std::string& name, std::int64_t& value,
                         std::int64_t low, std::int64_t high, const std::string& help);

/// The same for a value that stays empty where the option is not given.
CLI::Option* add_integer(CLI::App& command, const std::string& name,
                         std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high,
                         const std::string& help);

/// An option that takes one of the words in `choices`, and lists them when it gets another.
void add_word(CLI::App& command, const std::string& name, const std::vector<std::string>& choices,
              const std::string& default_word, const std::string& help,
              const std::function<void(const std::string&)>& assign);

}  // namespace gradvitals::app
