// Model files and data files made for one test.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "framework/io/model_file.h"
#include "framework/io/safetensors.h"
#include "tests/framework/io/input_files.h"

namespace gradvitals::test {

using Floats = std::vector<float>;
using Metadata = std::map<std::string, std::string>;
using Extent = std::vector<std::int64_t>;

struct TestTensor {
  std::string name;
  Extent shape;
  std::string bytes;  ///< Of float32 unless said otherwise.
  DType dtype = DType::kFloat32;
};

inline std::string floats(const Floats& values) {
  std::string bytes;
  for (const float value : values) bytes += raw(value);
  return bytes;
}

/// A tensor of zeros.
inline TestTensor zeros(std::string name, Extent shape) {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) count *= dimension;
  return {std::move(name), std::move(shape),
          std::string(static_cast<std::size_t>(count) * 4, '\0')};
}

inline std::string file_of(const std::vector<TestTensor>& tensors, const Metadata& metadata = {}) {
  std::vector<SafetensorsEntry> entries;
  for (const TestTensor& tensor : tensors) {
    entries.push_back({.name = tensor.name,
                       .dtype = tensor.dtype,
                       .shape = tensor.shape,
                       .count = std::ssize(tensor.bytes) / size_in_bytes(tensor.dtype),
                       .bytes = as_bytes(tensor.bytes)});
  }
  std::ostringstream out;
  write_safetensors(out, entries, metadata);
  return out.str();
}

inline ModelFile model_of(const std::vector<TestTensor>& tensors, const Metadata& metadata) {
  const TemporaryFile file(file_of(tensors, metadata));
  return read_model(file.path());
}

/// `file` with one more tensor, of one I64, at the end.
inline std::string with_an_integer(const std::string& file, const std::string& name) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  std::string json = file.substr(sizeof length, length);
  const std::string data = file.substr(sizeof length + length);
  json.resize(json.find_last_of('}'));
  json += ",\"" + name + R"(":{"dtype":"I64","shape":[],"data_offsets":[)" +
          std::to_string(data.size()) + "," + std::to_string(data.size() + 8) + "]}}";
  return safetensors_bytes(json, data + std::string(8, '\0'));
}

inline const Metadata kTwoLayers{{"activations", "relu,linear"}, {"loss", "mse"}};

}  // namespace gradvitals::test
