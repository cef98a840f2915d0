#include "benchmarks/own_shapes.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace gradvitals {
namespace {

OwnShapes parse(const std::string& line) {
  std::istringstream words(line);
  OwnShapes shapes;
  std::string type;
  words >> shapes.name >> type;
  const std::optional<DType> dtype = parse_dtype(type);
  // Cases are told apart by what stands between slashes.
  if (!dtype || shapes.name.find('/') != std::string::npos) {
    throw std::runtime_error("not NAME TYPE COUNT COUNT ...");
  }
  shapes.dtype = *dtype;
  for (std::int64_t count = 0; words >> count;) {
    if (count < 1) throw std::runtime_error(fmt::format("a tensor of {} elements", count));
    shapes.counts.push_back(count);
  }
  if (!words.eof() || shapes.counts.empty()) throw std::runtime_error("counts are missing");
  return shapes;
}

}  // namespace

std::vector<OwnShapes> read_own_shapes(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("{}: cannot be read", path));
  std::vector<OwnShapes> all;
  for (std::string line; std::getline(file, line);) {
    try {
      all.push_back(parse(line));
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}, line {}: {}", path, all.size() + 1, error.what()));
    }
  }
  if (all.empty()) throw std::runtime_error(fmt::format("{}: no shapes", path));
  return all;
}

std::vector<OwnShapes> own_shapes() {
  const char* path = std::getenv("GRADVITALS_BENCH_SHAPES");
  return path == nullptr ? std::vector<OwnShapes>{} : read_own_shapes(path);
}

}  // namespace gradvitals
