#include "python/src/watch.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "python/src/status.h"
#include "python/src/tensor_layout.h"
#include "python/src/watch_use.h"

namespace nb = nanobind;

namespace gradvitals::python {
namespace {

/// A shorter pass (some 50 us) keeps the GIL: to get it back can take 5 ms where another thread
/// computes.
constexpr std::int64_t kElementsWorthReleasing = 1 << 19;

const char* or_null(const std::optional<std::string>& text) {
  return text ? text->c_str() : nullptr;
}

gradvitals_tensor_stats stats_of_nothing() {
  gradvitals_tensor_stats stats{};
  stats.min_abs_nonzero = std::numeric_limits<double>::infinity();
  stats.first_nonfinite_index = -1;
  return stats;
}

}  // namespace

Watch::Watch(const Options& given) : process_(::getpid()) {
  gradvitals_options options{};
  options.size = sizeof options;
  options.run = given.run.c_str();
  options.history = or_null(given.history);
  options.thresholds = or_null(given.thresholds);
  options.resumes = given.resume_step ? 1 : 0;
  options.resume_step = given.resume_step.value_or(0);
  options.threads = given.threads;
  options.checkup_every = given.checkup_every;
  check(gradvitals_monitor_create(&options, &monitor_));
}

Watch::~Watch() {
  destroy();
}

void Watch::destroy() noexcept {
  if (process_ == ::getpid()) gradvitals_monitor_destroy(monitor_);
  monitor_ = nullptr;
}

void Watch::close() {
  if (monitor_ == nullptr) return;
  const Use use(*this);
  destroy();
  entries_.clear();
  reader_.release();
}

void Watch::set_entries(std::vector<Entry> entries) {
  const Use use(*this);
  entries_ = std::move(entries);
  is_declared_ = false;
  has_records_ = false;
}

void Watch::set_array(std::int64_t index, nb::object array) {
  const Use use(*this);
  if (index < 0 || index >= std::ssize(entries_)) throw nb::index_error("no such entry");
  entries_[static_cast<std::size_t>(index)].set_stand_in(std::move(array));
}

void Watch::gather() {
  reader_.release();
  problems_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (gather_entry(entry)) is_declared_ = false;
    if (!entry.problem().empty()) problems_.emplace_back(i, entry.problem());
  }
}

bool Watch::gather_entry(Entry& entry) {
  const nb::object array = entry.array();
  entry.set_stand_in({});
  if (array.is_valid()) {
    reader_.read(array.ptr(), address_);
    return entry.take(address_);
  }
  if (!entry.has_shape()) find_shape(entry);
  return entry.take_absence();
}

void Watch::find_shape(Entry& entry) {
  const nb::object holder = entry.holder_beside_array();
  if (holder.is_valid()) {
    reader_.read(holder.ptr(), address_);
    entry.take_shape(address_);
  }
  if (entry.has_shape()) return;
  const auto weight = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& other) {
    return other.role() == GRADVITALS_WEIGHT && other.has_shape() && other.name() == entry.name();
  });
  if (weight != entries_.end()) entry.take_shape(*weight);
}

void Watch::declare() {
  is_declared_ = false;
  has_records_ = false;
  watched_.clear();
  tensors_.clear();
  gpus_.clear();
  elements_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!entry.problem().empty()) continue;
    watched_.push_back(i);
    gradvitals_tensor& tensor = tensors_.emplace_back(entry.tensor());
    tensor.name = entry.name().c_str();
    tensor.data = entry.data();
    elements_ += tensor.count;
    if (tensor.device == GRADVITALS_CUDA) gpus_.push_back(tensor.device_index);
  }
  std::sort(gpus_.begin(), gpus_.end());
  gpus_.erase(std::unique(gpus_.begin(), gpus_.end()), gpus_.end());
  is_on_gpu_ = !gpus_.empty();
  if (watched_.empty() && !problems_.empty()) return;
  check(gradvitals_monitor_watch(monitor_, tensors_.data(), std::ssize(tensors_)));
  is_declared_ = true;
}

void Watch::use_streams() {
  for (const std::int32_t gpu : gpus_) {
    check(gradvitals_monitor_use_stream(monitor_, gpu, reader_.stream_of(gpu)));
  }
}

bool Watch::locate() {
  gather();
  has_records_ = false;
  if (!is_declared_) {
    declare();
  } else {
    data_.clear();
    for (const std::size_t i : watched_) data_.push_back(entries_[i].data());
    check(gradvitals_monitor_set_data(monitor_, data_.data(), std::ssize(data_)));
  }
  if (is_declared_) use_streams();
  return is_declared_;
}

std::int64_t Watch::observe() {
  const Use use(*this);
  if (!locate()) return 0;
  call(is_on_gpu_ || elements_ >= kElementsWorthReleasing,
       [&] { return gradvitals_monitor_observe(monitor_); });
  return finish_observation();
}

std::int64_t Watch::observe_layers(std::vector<LayerArray> layers) {
  const Use use(*this);
  if (!locate()) return 0;
  std::vector<gradvitals_tensor> tensors;
  for (const LayerArray& layer : layers) {
    reader_.read(layer.array.ptr(), address_);
    if (address_.problem.empty() && !is_row_major(address_)) {
      address_.problem = "strided: its rows do not lie one behind the other";
    }
    if (!address_.problem.empty()) {
      throw nb::value_error((layer.name + ": " + address_.problem).c_str());
    }
    gradvitals_tensor& tensor = tensors.emplace_back();
    tensor.size = sizeof tensor;
    tensor.name = layer.name.c_str();
    tensor.data = address_.data;
    tensor.role = layer.role;
    tensor.layer = layer.layer;
    tensor.activation = layer.activation;
    tensor.dtype = address_.dtype;
    tensor.device = address_.device;
    tensor.device_index = address_.device_index;
    set_units(address_, tensor);
  }
  call(true, [&] {
    return gradvitals_monitor_observe_layers(monitor_, tensors.data(), std::ssize(tensors));
  });
  return finish_observation();
}

std::int64_t Watch::finish_observation() {
  if (is_on_gpu_) return -1;
  std::int64_t nonfinite = 0;
  check(gradvitals_monitor_nonfinite(monitor_, &nonfinite));
  return nonfinite;
}

std::vector<gradvitals_tensor_stats> Watch::stats() {
  const Use use(*this);
  if (!is_declared_) throw GradvitalsError("nothing was observed yet: call observe() first");
  if (!has_records_) {
    records_.resize(watched_.size() + 1);
    call(is_on_gpu_,
         [&] { return gradvitals_monitor_stats(monitor_, records_.data(), std::ssize(records_)); });
    has_records_ = true;
  }
  std::vector<gradvitals_tensor_stats> all(entries_.size() + 1, stats_of_nothing());
  for (std::size_t i = 0; i < watched_.size(); ++i) all[watched_[i]] = records_[i];
  all.back() = records_.back();
  return all;
}

bool Watch::commit(gradvitals_step step) {
  const Use use(*this);
  call(is_on_gpu_, [&] { return gradvitals_monitor_commit(monitor_, &step); });
  return has_news();
}

bool Watch::should_skip(double loss_scale) {
  const Use use(*this);
  std::int32_t result = 0;
  call(is_on_gpu_, [&] { return gradvitals_monitor_should_skip(monitor_, loss_scale, &result); });
  return result != 0;
}

}  // namespace gradvitals::python
