// Recorded answers: tests/data/golden/<kind>/<name>.expected.json.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals::test {

/// The path of tests/data/golden/<kind>/<name><ending>.
inline std::string golden_path(const std::string& kind, const std::string& name,
                               const std::string& ending) {
  return GRADVITALS_TEST_DATA "/golden/" + kind + "/" + name + ending;
}

inline nlohmann::json read_expected(const std::string& kind, const std::string& name) {
  return nlohmann::json::parse(std::ifstream(golden_path(kind, name, ".expected.json")));
}

/// The names of all cases of a kind, which have a file <name><ending>, in alphabetical order.
inline std::vector<std::string> golden_names(const std::string& kind,
                                             std::string_view ending = ".expected.json") {
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(GRADVITALS_TEST_DATA "/golden/" + kind)) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(ending)) names.push_back(name.substr(0, name.size() - ending.size()));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace gradvitals::test
