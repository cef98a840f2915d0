#include "training/known_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

std::string path_in(const std::string& folder, std::string_view file) {
  return fmt::format("{}/{}", folder, file);
}

void require_files(const KnownData& known, const std::string& folder) {
  for (const std::string_view file :
       {known.data, known.target, known.test_data, known.test_target}) {
    const bool is_column = file.empty() || file.front() == '-';
    std::error_code ignored;
    if (is_column || std::filesystem::exists(path_in(folder, file), ignored)) continue;
    refuse_input(path_in(folder, file), fmt::format("is missing: {} needs what Debian has as {}: "
                                                    "apt-get install {}",
                                                    known.name, known.package, known.package));
  }
}

Dataset load_part(const std::string& folder, std::string_view data, std::string_view target) {
  const bool is_column = target.front() == '-';
  return load_dataset(path_in(folder, data),
                      is_column ? std::string(target) : path_in(folder, target));
}

}  // namespace

const KnownData* find_known_data(std::string_view name) {
  const auto* const found = std::ranges::find(kKnownData, name, &KnownData::name);
  return found == kKnownData.end() ? nullptr : found;
}

KnownSamples load_known_data(const KnownData& known, const std::string& folder) {
  const std::string place = folder.empty() ? std::string(known.folder) : folder;
  require_files(known, place);
  KnownSamples samples{.training = load_part(place, known.data, known.target), .test = {}};
  if (!known.test_data.empty()) {
    samples.test = load_part(place, known.test_data, known.test_target);
  }
  return samples;
}

}  // namespace gradvitals
