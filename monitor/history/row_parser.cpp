#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "monitor/history/history_row.h"
#include "monitor/history/row_text.h"

namespace gradvitals {
namespace {

/// Differences of steps stay within int64.
constexpr std::int64_t kLargestStep = std::int64_t{1} << 62;
constexpr std::int64_t kMostSamples = std::int64_t{1} << 31;

/// Turns one line into a step.
class RowParser {
 public:
  RowParser(std::string_view line, const HistoryLayout& layout) : row_(line), layout_(layout) {}

  HistoryStep parse();

 private:
  /// A column has a value for each tensor, or is refused.
  template <class Assign>
  void read_column(const Assign& assign) {
    row_.expect(',');
    row_.expect('[');
    bool is_first = true;
    for (TensorRecord& tensor : step_.metrics.tensors) {
      if (!std::exchange(is_first, false)) row_.expect(',');
      assign(tensor, row_.optional_number());
    }
    row_.expect(']');
  }

  /// The same behind the norms: of tensors that are not there, and of those whose norm says it all, nothing.
  template <class Assign>
  void read_more(const Assign& assign) {
    read_column([&](TensorRecord& tensor, std::optional<double> value) {
      if (!tensor.exists) return;
      if (!is_one_magnitude(tensor)) return assign(tensor, value);
      if (value) row_.refuse("a number that repeats a norm before the place");
    });
  }

  /// `read` is called for each element of an array of arrays, behind its opening bracket.
  template <class Read>
  void read_entries(const Read& read) {
    row_.expect(',');
    row_.expect('[');
    if (row_.take(']')) return;
    do {
      row_.expect('[');
      read();
    } while (row_.take(','));
    row_.expect(']');
  }

  /// Up to as many values as there are, and the closing bracket; those left out keep theirs.
  void read_rest(std::span<std::int64_t> values);

  void require_room() const;
  void read_scalars();
  void read_norms();
  void read_statistics();
  void read_counts();
  void read_counts_of(TensorRecord& tensor);
  void read_units();
  void read_slices();
  TensorRecord& read_tensor();

  RowText row_;
  const HistoryLayout& layout_;
  HistoryStep step_;
  std::size_t next_layer_ = 0;
};

void RowParser::read_rest(std::span<std::int64_t> values) {
  for (std::int64_t& value : values) {
    if (row_.take(']')) return;
    row_.expect(',');
    value = row_.whole(0, std::numeric_limits<std::int64_t>::max());
  }
  row_.expect(']');
}

void RowParser::read_scalars() {
  HealthMetrics& metrics = step_.metrics;
  row_.expect('[');
  row_.whole(0, static_cast<std::int64_t>(kMostHistoryLayouts) - 1);
  row_.expect(',');
  if (!row_.take_word("null")) metrics.step = row_.whole(0, kLargestStep);
  row_.expect(',');
  metrics.loss = row_.optional_number();
  row_.expect(',');
  metrics.loss_scale = row_.number();
  row_.expect(',');
  step_.context.learning_rate = row_.optional_number();
  row_.expect(',');
  step_.context.clip_scale = row_.number();
  row_.expect(',');
  step_.context.is_skipped = row_.flag();
  row_.expect(',');
  step_.context.is_checkup = row_.flag();
  row_.expect(',');
  const std::optional<double> cosine = row_.optional_number();
  if (cosine && !(std::fabs(*cosine) <= 1.0)) row_.refuse("a cosine beyond 1");
  step_.context.gradient_cosine = cosine;
  row_.expect(',');
  const std::optional<double> noise = row_.optional_number();
  if (noise && !(*noise >= 0.0 && std::isfinite(*noise)))
    row_.refuse("a noise scale that is no size of a batch");
  step_.context.noise_scale = noise;
}

void RowParser::read_norms() {
  std::vector<double> norms;
  row_.expect(',');
  row_.expect('[');
  for (std::size_t i = 0; i < layout_.norm_count; ++i) {
    if (i > 0) row_.expect(',');
    const double norm = row_.number();
    if (norm < 0) row_.refuse("a negative norm");
    norms.push_back(norm);
  }
  row_.expect(']');
  for (int empty = 0; empty < 3; ++empty) {
    if (!row_.take_word(",[]")) row_.refuse("statistics without tensors");
  }
  HealthMetrics from_norms = metrics_from_norms(std::move(norms));
  from_norms.step = step_.metrics.step;
  from_norms.loss = step_.metrics.loss;
  from_norms.loss_scale = step_.metrics.loss_scale;
  from_norms.gradient_names = layout_.norm_names;
  step_.metrics = std::move(from_norms);
}

/// What is stored in 32 bits or fewer is one of their numbers, which nine digits tell.
double as_stored(double value, DType dtype) {
  const bool fits = value <= std::numeric_limits<float>::max();
  return dtype == DType::kFloat64 || !fits ? value : static_cast<double>(static_cast<float>(value));
}

/// As squares that neither overflow nor vanish.
void set_norm(TensorStats& stats, double norm) {
  constexpr double kSmallest = 1e-140, kLargest = 1e140;
  const bool in_range = norm == 0 || (norm > kSmallest && norm < kLargest);
  stats.scale_exponent = in_range || !std::isfinite(norm) ? 0 : std::ilogb(norm);
  const double scaled = std::ldexp(norm, -stats.scale_exponent);
  stats.sum_squares = scaled * scaled;
}

void RowParser::read_statistics() {
  const auto magnitude = [this](std::optional<double> value) {
    if (!value || !(*value >= 0)) row_.refuse("no magnitude before the place");
    return *value;
  };
  read_column([&](TensorRecord& tensor, std::optional<double> norm) {
    tensor.exists = norm.has_value();
    if (!tensor.exists) {
      tensor.stats = {};
      return;
    }
    set_norm(tensor.stats, magnitude(norm));
    if (!is_one_magnitude(tensor)) return;
    tensor.stats.max_abs = tensor.stats.sum = *norm;
    if (*norm > 0) tensor.stats.min_abs_nonzero = *norm;
  });
  read_more([&](TensorRecord& tensor, std::optional<double> max_abs) {
    tensor.stats.max_abs = as_stored(magnitude(max_abs), tensor.dtype);
  });
  read_more([&](TensorRecord& tensor, std::optional<double> min_abs) {
    if (min_abs) tensor.stats.min_abs_nonzero = as_stored(magnitude(min_abs), tensor.dtype);
  });
  read_more([&](TensorRecord& tensor, std::optional<double> mean) {
    if (!mean || std::isnan(*mean)) row_.refuse("no mean before the place");
    tensor.stats.sum = *mean;  // Times the finite elements, once they are known.
  });
}

TensorRecord& RowParser::read_tensor() {
  std::vector<TensorRecord>& tensors = step_.metrics.tensors;
  return tensors[static_cast<std::size_t>(row_.whole(0, std::ssize(tensors) - 1))];
}

void RowParser::read_counts_of(TensorRecord& tensor) {
  std::array<std::int64_t, 5> counts{};
  read_rest(counts);
  TensorStats& stats = tensor.stats;
  for (const std::int64_t count : counts) {
    if (count > stats.count) row_.refuse("more than all elements before the place");
  }
  const auto [zero, subnormal, nan, inf, first] = counts;
  if (zero + nan + inf > stats.count || (nan + inf > 0) != (first > 0)) {
    row_.refuse("counts that contradict each other before the place");
  }
  stats.zero_count = zero;
  stats.subnormal_count = subnormal;
  stats.nan_count = nan;
  stats.inf_count = inf;
  stats.first_nonfinite_index = first - 1;
}

void RowParser::read_counts() {
  read_entries([this] { read_counts_of(read_tensor()); });
  std::vector<double> norms;
  for (TensorRecord& tensor : step_.metrics.tensors) {
    TensorStats& stats = tensor.stats;
    // Of an infinite sum the mean is infinite, and of no elements it is 0.
    if (stats.sum != 0) stats.sum *= static_cast<double>(stats.finite_count());
    if (std::isnan(stats.sum)) row_.refuse("a mean without elements before the place");
    if (has_norm(tensor)) norms.push_back(stats.ieee_norm());
  }
  if (step_.metrics.tensors.empty()) return;
  HealthMetrics from_norms = metrics_from_norms(std::move(norms));
  from_norms.step = step_.metrics.step;
  from_norms.loss = step_.metrics.loss;
  from_norms.loss_scale = step_.metrics.loss_scale;
  from_norms.tensors = std::move(step_.metrics.tensors);
  step_.metrics = std::move(from_norms);
}

void RowParser::read_units() {
  std::vector<LayerUnits>& layers = step_.metrics.units;
  layers = layout_.units;
  read_entries([&] {
    if (next_layer_ == layers.size()) row_.refuse("more layers than the layout has");
    LayerUnits& layer = layers[next_layer_++];
    std::array<std::int64_t, 2> counts{};
    // An entry is without its last zeros, and [] where it has no other.
    if (!row_.take(']')) {
      layer.batch = row_.whole(0, kMostSamples);
      read_rest(counts);
    }
    layer.dead_unit_count = counts[0];
    layer.saturated_count = counts[1];
    if (counts[0] > layer.unit_count || counts[1] > layer.unit_count * layer.batch) {
      row_.refuse("more units than the layer has before the place");
    }
  });
  if (next_layer_ != layers.size()) row_.refuse("fewer layers than the layout has");
}

void RowParser::read_slices() {
  read_entries([&] {
    TensorRecord& tensor = read_tensor();
    row_.expect(',');
    std::optional<SliceSummary>& place = row_.flag() ? tensor.inputs : tensor.units;
    SliceSummary& summary = place.emplace();
    const auto whole = [this](std::int64_t low, std::int64_t high) {
      row_.expect(',');
      return row_.whole(low, high);
    };
    constexpr std::int64_t kMostSlices = std::int64_t{1} << 60;
    summary.count = whole(0, kMostSlices);
    summary.zero_count = whole(0, summary.count);
    summary.twin_count = whole(0, summary.count);
    summary.largest_twin_group = whole(0, summary.count);
    summary.first_twin = whole(-1, summary.count - 1);
    summary.second_twin = whole(-1, summary.count - 1);
    summary.top_index = whole(-1, summary.count - 1);
    row_.expect(',');
    summary.top_share = row_.finite();
    row_.expect(']');
  });
}

/// Before anything is copied: short rows of a long layout would take as long as long ones.
void RowParser::require_room() const {
  constexpr std::size_t kLeastOfATensor = 8;  // In each of four columns a digit and what ends it.
  constexpr std::size_t kLeastOfALayer = 3;   // "[],"
  const std::size_t least =
      kLeastOfATensor * layout_.tensors.size() + kLeastOfALayer * layout_.units.size();
  if (row_.bytes_left() < least) row_.refuse("fewer values than the layout has");
}

HistoryStep RowParser::parse() {
  read_scalars();
  require_room();
  step_.metrics.tensors = layout_.tensors;
  if (layout_.tensors.empty()) {
    read_norms();
  } else {
    read_statistics();
  }
  read_counts();
  read_units();
  read_slices();
  row_.expect(']');
  row_.expect_end();
  step_.metrics.networks = layout_.networks;
  return std::move(step_);
}

}  // namespace

std::size_t layout_of_row(std::string_view line) {
  RowText row(line);
  row.expect('[');
  return static_cast<std::size_t>(row.whole(0, static_cast<std::int64_t>(kMostHistoryLayouts) - 1));
}

std::optional<std::int64_t> step_of_row(std::string_view line) {
  RowText row(line);
  row.expect('[');
  row.whole(0, static_cast<std::int64_t>(kMostHistoryLayouts) - 1);
  row.expect(',');
  if (row.take_word("null")) return std::nullopt;
  return row.whole(0, kLargestStep);
}

HistoryStep parse_row(std::string_view line, const HistoryLayout& layout) {
  return RowParser(line, layout).parse();
}

}  // namespace gradvitals
