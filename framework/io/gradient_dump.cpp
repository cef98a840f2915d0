#include "framework/io/gradient_dump.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace gradvitals {
namespace {

TensorView view_of(const SafetensorsEntry& entry) {
  TensorView view;
  view.name = entry.name;
  view.role = Role::kGradient;
  view.data = entry.bytes.data();
  view.count = entry.count;
  view.cols = entry.shape.empty() ? 1 : entry.shape.back();
  view.rows = entry.shape.empty() ? 1
                                  : std::accumulate(entry.shape.begin(), entry.shape.end() - 1,
                                                    std::int64_t{1}, std::multiplies<>());
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

GradientDump::GradientDump(Stream& stream, const SafetensorsFile& file) {
  views_.reserve(file.tensors().size());
  for (const SafetensorsEntry& entry : file.tensors()) {
    TensorView& view = views_.emplace_back(view_of(entry));
    if (stream.device() == DeviceType::kCpu) continue;
    view.data = copies_.emplace_back(copy_of(stream, entry.bytes)).data();
    view.device = stream.device();
  }
}

}  // namespace gradvitals
