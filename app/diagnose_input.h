// The input of `gradvitals diagnose`: from paths to metrics with a name and a step.
#pragma once

#include <string>
#include <vector>

#include "app/examine_dump.h"
#include "framework/io/input_file.h"
#include "kernels/runtime/stream.h"

namespace gradvitals::app {

/// Dumps of gradients and files of recorded metrics, told apart by their content. All are opened
/// before any is read: a wrong name shows at once.
class DiagnoseInput {
 public:
  /// "-" is standard input. Throws InputError for what cannot be opened.
  explicit DiagnoseInput(const std::vector<std::string>& paths);

  bool has_dump() const;
  /// The file that is the history of a run, null where it is none. Throws UsageError where there are
  /// others beside it.
  const InputFile* history() const;
  /// Whether the order of the steps is that of a file which recorded them.
  bool is_one_record() const;

  /// One entry a step. Of several steps in one file each is named "step 7", or "entry 3" where the
  /// file does not say which step it is. `stream` is null where has_dump() is false. Throws
  /// InputError for what cannot be read, and UsageError where `context` has a step for several.
  std::vector<NamedMetrics> read(Stream* stream, const DumpContext& context) &&;

 private:
  std::vector<std::string> paths_;
  std::vector<InputFile> files_;
};

}  // namespace gradvitals::app
