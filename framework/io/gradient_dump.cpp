#include "framework/io/gradient_dump.h"

#include <functional>
#include <numeric>

namespace gradvitals {

std::vector<TensorView> gradient_views(const SafetensorsFile& file) {
  std::vector<TensorView> views;
  views.reserve(file.tensors().size());
  for (const SafetensorsEntry& entry : file.tensors()) {
    TensorView& view = views.emplace_back();
    view.name = entry.name;
    view.role = Role::kGradient;
    view.data = entry.bytes.data();
    view.count = entry.count;
    view.cols = entry.shape.empty() ? 1 : entry.shape.back();
    view.rows = entry.shape.empty() ? 1
                                    : std::accumulate(entry.shape.begin(), entry.shape.end() - 1,
                                                      std::int64_t{1}, std::multiplies<>());
    view.dtype = entry.dtype;
  }
  return views;
}

}  // namespace gradvitals
