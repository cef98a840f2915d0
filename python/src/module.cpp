// The Python module gradvitals._core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/c/gradvitals.h"
#include "python/src/python_text.h"
#include "python/src/stats_array.h"
#include "python/src/status.h"
#include "python/src/tensor_address.h"
#include "python/src/tensor_layout.h"
#include "python/src/trainable_set.h"
#include "python/src/watch.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gradvitals::python {
namespace {

void require_length(const nb::list& list, std::size_t expected, const char* what) {
  if (list.size() == expected) return;
  const std::string message = std::string(what) + " has " + std::to_string(list.size()) +
                              " elements, and names " + std::to_string(expected);
  throw nb::value_error(message.c_str());
}

void set_entries(Watch& watch, const nb::list& names, const nb::list& holders,
                 const nb::list& attributes, const nb::list& roles, const nb::list& unit_axis,
                 const nb::list& layers) {
  const std::size_t count = names.size();
  require_length(holders, count, "holders");
  require_length(attributes, count, "attributes");
  require_length(roles, count, "roles");
  require_length(unit_axis, count, "unit_axis");
  const std::size_t layer_count = layers.size();
  if (layer_count > 0) require_length(layers, count, "layers");
  std::vector<Entry> entries;
  entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    entries.emplace_back(nb::cast<std::string>(names[i]), nb::object(holders[i]), attributes[i],
                         nb::cast<std::int32_t>(roles[i]), nb::cast<std::int32_t>(unit_axis[i]),
                         layer_count > 0 ? nb::cast<std::int32_t>(layers[i]) : 0);
  }
  watch.set_entries(std::move(entries));
}

std::int64_t observe_layers(Watch& watch, const nb::list& names, const nb::list& arrays,
                            const nb::list& roles, const nb::list& layers,
                            const nb::list& activations) {
  const std::size_t count = names.size();
  require_length(arrays, count, "arrays");
  require_length(roles, count, "roles");
  require_length(layers, count, "layers");
  require_length(activations, count, "activations");
  std::vector<LayerArray> found;
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    found.push_back({.name = nb::cast<std::string>(names[i]),
                     .array = arrays[i],
                     .role = nb::cast<std::int32_t>(roles[i]),
                     .layer = nb::cast<std::int32_t>(layers[i]),
                     .activation = nb::cast<std::int32_t>(activations[i])});
  }
  return watch.observe_layers(std::move(found));
}

bool commit(Watch& watch, std::optional<std::int64_t> step, std::optional<double> loss,
            std::optional<double> learning_rate, double loss_scale, double clip_scale,
            bool is_skipped) {
  gradvitals_step known{};
  known.size = sizeof known;
  known.has_step = step ? 1 : 0;
  known.step = step.value_or(0);
  known.has_loss = loss ? 1 : 0;
  known.loss = loss.value_or(0.0);
  known.has_learning_rate = learning_rate ? 1 : 0;
  known.learning_rate = learning_rate.value_or(0.0);
  known.loss_scale = loss_scale;
  known.clip_scale = clip_scale;
  known.is_skipped = is_skipped ? 1 : 0;
  return watch.commit(known);
}

std::int32_t format_of(std::string_view format) {
  if (format == "text") return GRADVITALS_TEXT;
  if (format == "json") return GRADVITALS_JSON;
  throw nb::value_error("format is \"text\" or \"json\"");
}

gradvitals_style style_of(bool color, bool ascii, std::int32_t width) {
  gradvitals_style style{};
  style.size = sizeof style;
  style.color = color ? 1 : 0;
  style.ascii = ascii ? 1 : 0;
  style.width = width;
  return style;
}

std::string interpret(double min_gradient, double max_gradient, double mean_gradient,
                      double std_gradient, std::int64_t vanished_layers, std::int64_t weak_layers,
                      std::int64_t total_layers) {
  const gradvitals_notebook_metrics metrics{.size = sizeof metrics,
                                            .min_gradient = min_gradient,
                                            .max_gradient = max_gradient,
                                            .mean_gradient = mean_gradient,
                                            .std_gradient = std_gradient,
                                            .vanished_layers = vanished_layers,
                                            .weak_layers = weak_layers,
                                            .total_layers = total_layers};
  const char* text = nullptr;
  check(gradvitals_interpret_gradient_health(&metrics, &text));
  return text;
}

nb::tuple address_of(nb::handle array) {
  constexpr const char* kDtypes[] = {"float32", "float64", "float16", "bfloat16"};
  AddressReader reader;
  TensorAddress address;
  reader.read(array.ptr(), address);
  if (!address.problem.empty()) throw nb::value_error(address.problem.c_str());
  nb::list shape;
  for (int i = 0; i < address.dimensions; ++i) shape.append(address.shape[i]);
  return nb::make_tuple(reinterpret_cast<std::uintptr_t>(address.data), nb::tuple(shape),
                        kDtypes[address.dtype], address.device == GRADVITALS_CUDA ? "cuda" : "cpu",
                        address.device_index, is_dense(address));
}

nb::list norms(Watch& watch) {
  const std::vector<gradvitals_tensor_stats> records = watch.stats();
  nb::list norms;
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    norms.append(gradvitals_l2_norm(&records[i]));
  }
  return norms;
}

double global_norm(Watch& watch) {
  const gradvitals_tensor_stats all = watch.stats().back();
  if (all.nan_count > 0) return std::numeric_limits<double>::quiet_NaN();
  if (all.inf_count > 0) return std::numeric_limits<double>::infinity();
  return gradvitals_l2_norm(&all);
}

void bind_watch(nb::module_& module) {
  nb::class_<Watch>(module, "Watch", "Reads tensors where they lie, and judges them step by step.")
      .def(
          "__init__",
          [](Watch* self, std::string run, std::optional<std::string> history,
             std::optional<std::string> thresholds, std::int32_t threads,
             std::int32_t checkup_every, std::optional<std::int64_t> resume_step) {
            new (self) Watch(Watch::Options{.run = std::move(run),
                                            .history = std::move(history),
                                            .thresholds = std::move(thresholds),
                                            .threads = threads,
                                            .checkup_every = checkup_every,
                                            .resume_step = resume_step});
          },
          nb::kw_only(), "run"_a = "network", "history"_a = nb::none(), "thresholds"_a = nb::none(),
          "threads"_a = 1, "checkup_every"_a = 10, "resume_step"_a = nb::none())
      .def("set_entries", &set_entries, "names"_a, "holders"_a, "attributes"_a, "roles"_a,
           "unit_axis"_a, "layers"_a = nb::list(),
           "Replaces what is watched. Each holder is held weakly; its attribute, or where that is "
           "None itself, is the array.")
      .def("set_arrays", &Watch::set_array, "index"_a, "array"_a.none(),
           "An array that is read in place of an entry's in the next observe().")
      .def(
          "observe", &Watch::observe,
          "One pass over all entries. Elements of all gradients that are NaN or infinite; -1 where "
          "that is on its way from a GPU.")
      .def("observe_layers", &observe_layers, "names"_a, "arrays"_a, "roles"_a, "layers"_a,
           "activations"_a,
           "The same with tensors (B,O) of layers and all rows and columns: a check-up.")
      .def_prop_ro("problems", &Watch::problems,
                   "Of the last observe(): indices of entries, and why they were not read.")
      .def_prop_ro(
          "stats", [](Watch& watch) { return stats_array(watch.stats()); },
          "A structured array: the entries as observed last, then all gradients together.")
      .def("norms", &norms, nb::sig("def norms(self) -> list[float]"),
           "L2 norms of the finite elements of each entry.")
      .def("global_norm", &global_norm,
           "L2 norm of all gradients together; NaN or infinite where an element is.")
      .def("commit", &commit, "step"_a = nb::none(), "loss"_a = nb::none(),
           "learning_rate"_a = nb::none(), "loss_scale"_a = 1.0, "clip_scale"_a = 1.0,
           "is_skipped"_a = false,
           "What was observed is a training step. Whether events() or complaint() has something to "
           "tell.")
      .def("should_skip", &Watch::should_skip, "loss_scale"_a = 1.0,
           "Whether what was observed last should not be applied.")
      .def("poll", &Watch::poll, "wait"_a = false, "Judges the steps that have arrived from a GPU.")
      .def("events", &Watch::events, "Those that were not taken yet, as JSON.")
      .def_prop_ro("steps", &Watch::steps, "Steps that were judged.")
      .def("complaint", &Watch::complaint, "Once: why a line of the history could not be written.")
      .def(
          "diagnosis",
          [](Watch& watch, std::string_view format, bool color, bool ascii, std::int32_t width) {
            return watch.diagnosis(format_of(format), style_of(color, ascii, width));
          },
          "format"_a = "text", "color"_a = false, "ascii"_a = false, "width"_a = 0,
          "How the network is now, as \"text\" or \"json\".")
      .def(
          "run",
          [](Watch& watch, std::string_view format, bool color, bool ascii, std::int32_t width) {
            return watch.run(format_of(format), style_of(color, ascii, width));
          },
          "format"_a = "text", "color"_a = false, "ascii"_a = false, "width"_a = 0,
          "The whole run, as \"text\" or \"json\".")
      .def("verdict", &Watch::verdict, "The diagnosis in a word, and its severity (0 to 3).")
      .def("close", &Watch::close, "Ends the history. Every other call raises from then on.");
}

}  // namespace
}  // namespace gradvitals::python

NB_MODULE(_core, module) {
  using namespace gradvitals::python;
  module.doc() = "The compiled part of gradvitals. Its interface may change with every version.";
  module.attr("abi_version") = gradvitals_abi_version();
  module.attr("__version__") = gradvitals_version();
  const nb::exception<GradvitalsError> error(module, "GradvitalsError", PyExc_RuntimeError);
  bind_watch(module);
  nb::class_<TrainableSet>(module, "TrainableSet",
                           "Which parameters are trained, and whether that has changed.")
      .def(nb::init<const nb::list&, const nb::list&>(), "trained"_a, "frozen"_a,
           "Lists of weakref.ref to parameters.")
      .def("have_changed", &TrainableSet::have_changed,
           "Whether a trained one is gone or frozen, or a frozen one is trained. Of many that were "
           "trained it looks at a part in each call, and at all of them within eight.");
  module.def("interpret_gradient_health", &interpret, "min_gradient"_a, "max_gradient"_a,
             "mean_gradient"_a, "std_gradient"_a, "vanished_layers"_a, "weak_layers"_a,
             "total_layers"_a, "What the teaching notebook's function of this name prints.");
  module.def(
      "address_of", &address_of, "array"_a,
      nb::sig("def address_of(array: object) -> tuple[int, tuple[int, ...], str, str, int, bool]"),
      "Pointer, shape, dtype, device type, device index, and whether it is dense.");
}
