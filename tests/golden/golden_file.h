// Recorded answers: tests/data/golden/<kind>/<name>.expected.json.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals::test {

/// tests/data/golden/<kind>, also where the program was built on another machine and the
/// environment says where tests/data is.
inline std::string golden_folder(const std::string& kind) {
  const char* const elsewhere = std::getenv("GRADVITALS_TEST_DATA");
  return std::string(elsewhere != nullptr ? elsewhere : GRADVITALS_TEST_DATA) + "/golden/" + kind;
}

/// The path of tests/data/golden/<kind>/<name><ending>.
inline std::string golden_path(const std::string& kind, const std::string& name,
                               const std::string& ending) {
  return golden_folder(kind) + "/" + name + ending;
}

inline nlohmann::json read_expected(const std::string& kind, const std::string& name) {
  return nlohmann::json::parse(std::ifstream(golden_path(kind, name, ".expected.json")));
}

/// The names of all cases of a kind, which have a file <name><ending>, in alphabetical order.
inline std::vector<std::string> golden_names(const std::string& kind,
                                             std::string_view ending = ".expected.json") {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(golden_folder(kind))) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(ending)) names.push_back(name.substr(0, name.size() - ending.size()));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace gradvitals::test
