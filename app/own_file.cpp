#include "app/own_file.h"

#include <exception>
#include <filesystem>
#include <system_error>

#include "framework/io/safetensors.h"
#include "kernels/runtime/input_message.h"
#include "monitor/history/history_reader.h"
#include "training/checkpoint.h"
#include "training/incident.h"

namespace gradvitals::app {
namespace {

namespace fs = std::filesystem;

bool is_incident(const fs::path& path) {
  std::error_code ignored;
  const bool is_description = path.filename() == kIncidentFile;
  const fs::path folder = is_description ? path.parent_path() : path;
  return fs::is_regular_file(folder / kIncidentFile, ignored) &&
         fs::is_regular_file(folder / kIncidentStepsFile, ignored);
}

}  // namespace

std::string own_file_text(const std::string& path) {
  if (is_incident(path)) {
    return "is an incident of a training: gradvitals train --replay makes its step again, and "
           "gradvitals diagnose judges the steps up to it";
  }
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return "";  // A pipe can be read only once.
  try {
    const InputFile file(path);
    if (file.kind() == FileKind::kJson && HistoryReader::is_history(as_text(file.bytes()))) {
      return "is the history of a run: gradvitals diagnose judges it";
    }
    if (file.kind() == FileKind::kSafetensors && is_checkpoint(SafetensorsFile(path).metadata())) {
      return std::string(kCheckpointText);
    }
  } catch (const std::exception&) {
    // Whoever reads it says what is wrong with it.
  }
  return "";
}

void refuse_own_file(const std::string& path) {
  const std::string text = own_file_text(path);
  if (!text.empty()) refuse_input(path, text);
}

std::string steps_of_incident(const std::string& path) {
  if (!is_incident(path)) return path;
  const fs::path given = path;
  const fs::path folder = given.filename() == kIncidentFile ? given.parent_path() : given;
  return (folder / kIncidentStepsFile).native();
}

}  // namespace gradvitals::app
