#include "python/src/tensor_layout.h"

#include <algorithm>
#include <vector>

namespace gradvitals::python {
namespace {

std::int64_t count_of(const TensorAddress& address) {
  std::int64_t count = 1;
  for (int i = 0; i < address.dimensions; ++i) count *= address.shape[i];
  return count;
}

}  // namespace

bool is_row_major(const TensorAddress& address) {
  if (address.strides == nullptr || count_of(address) == 0) return true;
  std::int64_t expected = 1;
  for (int i = address.dimensions - 1; i >= 0; --i) {
    if (address.shape[i] != 1 && address.strides[i] != expected) return false;
    expected *= address.shape[i];
  }
  return true;
}

bool is_dense(const TensorAddress& address) {
  if (is_row_major(address)) return true;
  std::vector<int> order;
  for (int i = 0; i < address.dimensions; ++i) {
    if (address.shape[i] != 1) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return address.strides[a] < address.strides[b]; });
  std::int64_t expected = 1;
  for (const int i : order) {
    if (address.strides[i] != expected) return false;
    expected *= address.shape[i];
  }
  return true;
}

void set_matrix(const TensorAddress& address, std::int32_t unit_axis, gradvitals_tensor& tensor) {
  const int rank = address.dimensions;
  const std::int64_t count = count_of(address);
  tensor.count = count;
  tensor.rank = rank;
  tensor.rows = count == 0 ? 0 : 1;  // What holds nothing is (0,0).
  tensor.cols = count;
  tensor.channels = 0;
  tensor.unit_axis = GRADVITALS_UNKNOWN_AXIS;
  if (rank < 2 || count == 0) return;
  const bool is_last = unit_axis == GRADVITALS_COLS;
  const int units = is_last ? rank - 1 : 0;
  const std::int64_t size = address.shape[units];
  const bool is_known = unit_axis != GRADVITALS_UNKNOWN_AXIS;
  if (is_known) tensor.channels = address.shape[is_last ? rank - 2 : 1];
  const bool is_in_order = is_row_major(address);
  const std::int64_t stride = is_in_order ? (is_last ? 1 : count / size) : address.strides[units];
  if (stride == count / size && (!is_last || !is_in_order)) {
    tensor.rows = size;
    tensor.cols = count / size;
    if (is_known) tensor.unit_axis = GRADVITALS_ROWS;
  } else if (stride == 1) {
    tensor.rows = count / size;
    tensor.cols = size;
    if (is_known) tensor.unit_axis = GRADVITALS_COLS;
  }
}

void set_units(const TensorAddress& address, gradvitals_tensor& tensor) {
  set_matrix(address, GRADVITALS_UNKNOWN_AXIS, tensor);
  if (tensor.count == 0) return;
  tensor.cols = address.dimensions == 0 ? 1 : address.shape[address.dimensions - 1];
  tensor.rows = tensor.count / tensor.cols;
}

}  // namespace gradvitals::python
