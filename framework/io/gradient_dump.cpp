#include "framework/io/gradient_dump.h"

#include <algorithm>

#include "framework/io/checked_product.h"

namespace gradvitals {
namespace {

/// The last word of a name: "kernel" of TensorFlow's "dense/kernel:0" and JAX' "['Dense_0']['kernel']".
std::string_view last_word(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  while (!name.empty() && !is_letter(name.back())) name.remove_suffix(1);
  std::size_t begin = name.size();
  while (begin > 0 && is_letter(name[begin - 1])) --begin;
  return name.substr(begin);
}

/// Keras' kernels and embeddings have their units last, PyTorch's weights first.
UnitAxis unit_axis_of(const SafetensorsEntry& entry) {
  if (entry.shape.size() < 2) return UnitAxis::kUnknown;
  const std::string_view word = last_word(entry.name);
  const bool is_last = word == "kernel" || word == "embeddings";
  return is_last ? UnitAxis::kCols : UnitAxis::kRows;
}

TensorView view_of(const SafetensorsEntry& entry) {
  TensorView view;
  view.name = entry.name;
  view.role = Role::kGradient;
  view.data = entry.bytes.data();
  view.count = entry.count;
  view.rank = static_cast<int>(entry.shape.size());
  view.unit_axis = unit_axis_of(entry);
  // The units stay a dimension of the matrix; all others become the other one.
  const auto product = [](auto begin, auto end) {
    std::uint64_t result = 1;
    for (; begin != end; ++begin) {
      // Beside a dimension of 0 the others may multiply to anything: the view is empty all the
      // same.
      result = checked_product(result, static_cast<std::uint64_t>(*begin)).value_or(0);
    }
    return static_cast<std::int64_t>(result);
  };
  const auto& shape = entry.shape;
  if (shape.size() < 2) {
    view.rows = entry.count == 0 ? 0 : 1;
    view.cols = shape.empty() ? 1 : shape.back();
  } else if (view.unit_axis == UnitAxis::kRows) {
    view.rows = shape.front();
    view.channels = shape[1];
    view.cols = product(shape.begin() + 1, shape.end());
  } else {
    view.rows = product(shape.begin(), shape.end() - 1);
    view.channels = shape[shape.size() - 2];
    view.cols = shape.back();
  }
  view.dtype = entry.dtype;
  return view;
}

Buffer copy_of(Stream& stream, std::span<const std::byte> bytes) {
  // A tensor without elements is there all the same: its data is not null.
  Buffer copy(stream, std::max<std::int64_t>(std::ssize(bytes), 1));
  copy_to_device(stream, bytes.data(), std::ssize(bytes), copy.data());
  return copy;
}

}  // namespace

GradientDump::GradientDump(Stream& stream, std::span<const SafetensorsEntry> tensors) {
  views_.reserve(tensors.size());
  for (const SafetensorsEntry& entry : tensors) {
    TensorView& view = views_.emplace_back(view_of(entry));
    if (stream.device().type == DeviceType::kCpu) continue;
    view.data = copies_.emplace_back(copy_of(stream, entry.bytes)).data();
    view.device = stream.device();
  }
}

}  // namespace gradvitals
