// Options that several commands share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "app/command_line.h"
#include "app/named_paths.h"
#include "app/report_files.h"
#include "app/terminal.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/device.h"
#include "kernels/runtime/stream.h"
#include "monitor/metrics/thresholds.h"
#include "monitor/report/network_report.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals::app {

/// The range of np.random.seed.
inline constexpr std::int64_t kLargestSeed = 4294967295;
/// Of a training step: 2^24 samples of 1,000 units are 64 GB of activations.
inline constexpr std::int64_t kLargestTrainingBatch = 1 << 24;

/// Throws UsageError where both are given, saying `why` that does not go.
void refuse_both(bool first, const char* first_name, bool second, const char* second_name,
                 const char* why);
/// Throws UsageError where the option is given and what it needs is not.
void refuse_without(bool option, const char* option_name, bool needed, const char* needed_name);

/// --fail-on, --color and --ascii: the variables must outlive the parsing.
void add_gate(Command& command, Severity& fail_on, const std::string& help);
void add_style(Command& command, ColorMode& color, bool& ascii);

/// The limits of a file of --thresholds; the default ones for an empty path. Throws InputError where the
/// file cannot be read or contradicts itself.
Thresholds read_thresholds(const std::string& path);

/// Options of every command that judges.
struct JudgingOptions {
  ReportFiles files;
  std::string thresholds_file;  ///< JSON; empty for the default limits.
  RuleSet rules = RuleSet::kFull;
  Severity fail_on = Severity::kOk;  ///< Exit 1 from this severity on; kOk for no gate.
  ColorMode color = ColorMode::kAuto;
  bool ascii = false;

  void add_to(Command& command);
  /// Throws UsageError for options that contradict each other, and as ReportFiles::check() of what is
  /// read.
  void check(std::span<const NamedPath> inputs) const;
  /// The limits to judge by. Throws InputError where their file cannot be read or contradicts itself.
  Thresholds thresholds() const;
};

/// Options of every command that computes.
struct ComputeOptions {
  std::optional<Device> device;  ///< Empty for auto.
  std::int64_t threads = 0;      ///< 0 for one per core.
  GemmProvider gemm = GemmProvider::kHandWritten;

  void add_to(Command& command);
  /// A stream on the selected device; `auto` reports on stderr which one that is. Throws
  /// DeviceError with the reason if the device or cuBLAS cannot be used, and UsageError for cuBLAS on a
  /// device other than cuda.
  Stream open_stream() const;
};

}  // namespace gradvitals::app
