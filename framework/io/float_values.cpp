#include "framework/io/float_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

template <class T>
std::span<const T> elements(const SafetensorsEntry& entry) {
  return {reinterpret_cast<const T*>(entry.bytes.data()), static_cast<std::size_t>(entry.count)};
}

template <class T>
std::vector<float> widened(const SafetensorsEntry& entry) {
  std::vector<float> values(static_cast<std::size_t>(entry.count));
  std::ranges::transform(elements<T>(entry), values.begin(),
                         [](T value) { return to_float32(value); });
  return values;
}

std::vector<float> narrowed(const SafetensorsEntry& entry, const std::string& path) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(entry.count));
  for (const double value : elements<double>(entry)) {
    const auto narrow = static_cast<float>(value);
    if (std::isinf(narrow) && std::isfinite(value)) {
      refuse_input(path, fmt::format("tensor {}, element {}: {} leaves float32's range",
                                     in_quotes(entry.name), values.size(), value));
    }
    values.push_back(narrow);
  }
  return values;
}

}  // namespace

std::vector<float> float_values(const SafetensorsEntry& entry, const std::string& path) {
  switch (entry.dtype) {
    case DType::kFloat16:
      return widened<Float16>(entry);
    case DType::kBFloat16:
      return widened<BFloat16>(entry);
    case DType::kFloat64:
      return narrowed(entry, path);
    case DType::kFloat32:
      break;
  }
  const std::span<const float> values = elements<float>(entry);
  return {values.begin(), values.end()};
}

std::string shape_text(const SafetensorsEntry& entry) {
  return fmt::format("[{}]", fmt::join(entry.shape, ","));
}

}  // namespace gradvitals
