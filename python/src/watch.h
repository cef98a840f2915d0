// Watch: Python's tensors, read where they lie, by a gradvitals_monitor.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "python/src/entry.h"
#include "python/src/tensor_address.h"

namespace gradvitals::python {

/// One thread at a time uses it: what another one calls meanwhile raises. All members need the GIL;
/// a long pass, and what waits or judges a run, goes without it.
class Watch {
 public:
  struct Options {
    std::string run;
    std::optional<std::string> history;
    std::optional<std::string> thresholds;  ///< A JSON object.
    std::int32_t threads;
    std::int32_t checkup_every;
    std::optional<std::int64_t> resume_step;
  };

  explicit Watch(const Options& options);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Replaces all entries. Holds the holders weakly.
  void set_entries(std::vector<Entry> entries);
  /// A stand-in for entry `index` in the next observe(); None: none.
  void set_array(std::int64_t index, nanobind::object array);

  /// Elements of all gradients together that are NaN or infinite; -1 where that is on its way from
  /// a GPU.
  std::int64_t observe();
  /// The same with arrays of layers, in row-major order. Raises ValueError naming the one that
  /// cannot be read.
  std::int64_t observe_layers(std::vector<LayerArray> layers);

  /// Of the last observation: index of an entry, and why it was not read.
  const std::vector<std::pair<std::int64_t, std::string>>& problems() const { return problems_; }

  /// Records of the entries in their order, then one of all gradients together. One that was not
  /// read has no element.
  std::vector<gradvitals_tensor_stats> stats();

  /// Whether events() or complaint() has something to tell.
  bool commit(gradvitals_step step);
  bool should_skip(double loss_scale);
  void poll(bool waits);
  std::vector<std::string> events();
  std::int64_t steps();
  std::optional<std::string> complaint();
  std::string diagnosis(std::int32_t format, const gradvitals_style& style);
  std::string run(std::int32_t format, const gradvitals_style& style);
  std::pair<std::string, std::int32_t> verdict();
  void close();

 private:
  class Use;

  /// Where the entries are now; is_declared_ is false afterwards where they must be declared anew.
  void gather();
  bool gather_entry(Entry& entry);
  void find_shape(Entry& entry);
  void declare();
  void use_streams();
  /// All of these. False where nothing can be read, as problems() says.
  bool locate();
  std::int64_t finish_observation();
  template <class Call>
  void call(bool releases_gil, Call&& call);
  bool has_news();
  void destroy() noexcept;

  gradvitals_monitor* monitor_ = nullptr;
  int process_;  ///< A forked child must not end its parent's history, nor wait for its threads.
  bool is_used_ = false;
  bool is_declared_ = false;
  bool is_on_gpu_ = false;
  bool has_records_ = false;  ///< Those of the last observation are in records_.
  std::vector<Entry> entries_;
  std::vector<std::size_t> watched_;  ///< Indices of the entries that are declared.
  std::vector<gradvitals_tensor> tensors_;
  std::vector<const void*> data_;
  std::vector<gradvitals_tensor_stats> records_;
  std::vector<std::int32_t> gpus_;
  std::int64_t elements_ = 0;
  std::vector<std::pair<std::int64_t, std::string>> problems_;
  std::vector<std::string> events_;       ///< Taken from the monitor, and not yet from here.
  std::optional<std::string> complaint_;  ///< The same.
  AddressReader reader_;
  TensorAddress address_;
};

}  // namespace gradvitals::python
