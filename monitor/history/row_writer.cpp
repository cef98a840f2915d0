#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <iterator>

#include "monitor/history/history_row.h"
#include "monitor/history/nine_digits.h"

namespace gradvitals {
namespace {

/// Writes one row. Elements that a value does not fill are never reserved one by one: a check of the
/// room for each number would cost as much as the number.
class RowWriter {
 public:
  explicit RowWriter(LineBuffer& line) : line_(line) {}

  void write_scalars(std::size_t layout, const HealthMetrics& metrics, const StepContext& context);
  void write_statistics(const HealthMetrics& metrics);
  void write_norms(const HealthMetrics& metrics);
  void write_counts(const HealthMetrics& metrics);
  void write_units(const HealthMetrics& metrics);
  void write_slices(const HealthMetrics& metrics);

 private:
  /// An array with `value(out, element)` for each element, at most `bytes` long.
  template <class Elements, class Write>
  void write_column(const Elements& elements, std::size_t bytes, const Write& value) {
    line_.append(std::string_view(",["));
    char* const begin = line_.room((bytes + 1) * elements.size());
    char* out = begin;
    for (const auto& element : elements) {
      out = value(out, element);
      *out++ = ',';
    }
    line_.end(out == begin ? out : out - 1);
    line_.append(']');
  }

  /// "[7,3,0,1]": the values, the last of which stand only as far as they are not 0.
  template <std::size_t kCount>
  void write_entry(bool is_first, const std::array<std::int64_t, kCount>& values) {
    const auto last =
        std::find_if(values.rbegin(), values.rend(), [](std::int64_t value) { return value != 0; });
    char* out = line_.room((kCount + 1) * kNumberBytes);
    if (!is_first) *out++ = ',';
    *out++ = '[';
    for (auto value = values.begin(); value != last.base(); ++value) {
      if (value != values.begin()) *out++ = ',';
      out = write_whole(out, *value);
    }
    *out++ = ']';
    line_.end(out);
  }

  void write_summary(bool is_first, std::size_t tensor, bool is_of_inputs,
                     const SliceSummary& summary);

  LineBuffer& line_;
};

char* write_null(char* out) {
  std::memcpy(out, "null", 4);
  return out + 4;
}

void RowWriter::write_scalars(std::size_t layout, const HealthMetrics& metrics,
                              const StepContext& context) {
  char* out = line_.room(12 * kNumberBytes);
  *out++ = '[';
  out = write_whole(out, static_cast<std::int64_t>(layout));
  *out++ = ',';
  out = metrics.step ? write_whole(out, *metrics.step) : write_null(out);
  *out++ = ',';
  out = write_exact(out, metrics.loss);
  *out++ = ',';
  out = write_exact(out, metrics.loss_scale);
  *out++ = ',';
  out = write_exact(out, context.learning_rate);
  *out++ = ',';
  out = write_exact(out, context.clip_scale);
  *out++ = ',';
  *out++ = context.is_skipped ? '1' : '0';
  *out++ = ',';
  *out++ = context.is_checkup ? '1' : '0';
  *out++ = ',';
  out = write_exact(out, context.gradient_cosine);
  *out++ = ',';
  out = write_exact(out, context.noise_scale);
  line_.end(out);
}

void RowWriter::write_statistics(const HealthMetrics& metrics) {
  const auto write_each = [&](const auto& value) {
    write_column(metrics.tensors, kNumberBytes, [&](char* out, const TensorRecord& tensor) {
      return tensor.exists && !is_one_magnitude(tensor) ? value(out, tensor.stats)
                                                        : write_null(out);
    });
  };
  write_column(metrics.tensors, kNumberBytes, [](char* out, const TensorRecord& tensor) {
    return tensor.exists ? write_nine_digits(out, tensor.stats.l2_norm()) : write_null(out);
  });
  write_each(
      [](char* out, const TensorStats& stats) { return write_nine_digits(out, stats.max_abs); });
  write_each([](char* out, const TensorStats& stats) {
    return std::isinf(stats.min_abs_nonzero) ? write_null(out)
                                             : write_nine_digits(out, stats.min_abs_nonzero);
  });
  write_each(
      [](char* out, const TensorStats& stats) { return write_nine_digits(out, stats.mean()); });
}

/// Norms that came without tensors.
void RowWriter::write_norms(const HealthMetrics& metrics) {
  write_column(metrics.gradient_norms, kNumberBytes,
               [](char* out, double norm) { return write_nine_digits(out, norm); });
  line_.append(std::string_view(",[],[],[]"));
}

void RowWriter::write_counts(const HealthMetrics& metrics) {
  line_.append(std::string_view(",["));
  bool is_first = true;
  std::int64_t place = -1;
  for (const TensorRecord& tensor : metrics.tensors) {
    const TensorStats& stats = tensor.stats;
    ++place;
    if ((stats.zero_count | stats.subnormal_count | stats.nan_count | stats.inf_count) == 0) {
      continue;
    }
    // From 1, so that a first element that is not finite does not end the entry early.
    write_entry<6>(is_first, {place, stats.zero_count, stats.subnormal_count, stats.nan_count,
                              stats.inf_count, stats.first_nonfinite_index + 1});
    is_first = false;
  }
  line_.append(']');
}

void RowWriter::write_units(const HealthMetrics& metrics) {
  line_.append(std::string_view(",["));
  for (const LayerUnits& layer : metrics.units) {
    write_entry<3>(&layer == metrics.units.data(),
                   {layer.batch, layer.dead_unit_count, layer.saturated_count});
  }
  line_.append(']');
}

/// "[tensor, 0 of its units or 1 of its inputs, count, ..., top_share]".
void RowWriter::write_summary(bool is_first, std::size_t tensor, bool is_of_inputs,
                              const SliceSummary& summary) {
  char* out = line_.room(12 * kNumberBytes);
  if (!is_first) *out++ = ',';
  *out++ = '[';
  for (const std::int64_t value :
       {static_cast<std::int64_t>(tensor), std::int64_t{is_of_inputs ? 1 : 0}, summary.count,
        summary.zero_count, summary.twin_count, summary.largest_twin_group, summary.first_twin,
        summary.second_twin, summary.top_index}) {
    out = write_whole(out, value);
    *out++ = ',';
  }
  out = write_nine_digits(out, summary.top_share);
  *out++ = ']';
  line_.end(out);
}

void RowWriter::write_slices(const HealthMetrics& metrics) {
  line_.append(std::string_view(",["));
  bool is_first = true;
  for (std::size_t place = 0; place < metrics.tensors.size(); ++place) {
    const TensorRecord& tensor = metrics.tensors[place];
    if (tensor.units) {
      write_summary(is_first, place, false, *tensor.units);
      is_first = false;
    }
    if (tensor.inputs) {
      write_summary(is_first, place, true, *tensor.inputs);
      is_first = false;
    }
  }
  line_.append(']');
}

}  // namespace

void LineBuffer::append(std::string_view text) {
  if (text.empty()) return;
  std::memcpy(room(text.size()), text.data(), text.size());
  size_ += text.size();
}

void append_row(LineBuffer& line, std::size_t layout, const HealthMetrics& metrics,
                const StepContext& context) {
  RowWriter row(line);
  row.write_scalars(layout, metrics, context);
  if (metrics.tensors.empty()) {
    row.write_norms(metrics);
  } else {
    row.write_statistics(metrics);
  }
  row.write_counts(metrics);
  row.write_units(metrics);
  row.write_slices(metrics);
  line.append(std::string_view("]\n"));
}

}  // namespace gradvitals
