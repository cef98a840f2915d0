#include "app/examine_dump.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "framework/io/dump_hints.h"
#include "framework/io/gradient_dump.h"
#include "framework/io/parameter_names.h"
#include "kernels/runtime/input_message.h"
#include "monitor/gradient_monitor.h"
#include "monitor/metrics/loss_scale.h"
#include "monitor/metrics/phrases.h"

namespace gradvitals::app {
namespace {

using Names = std::vector<std::string>;
using NameSet = std::set<std::string_view>;

template <typename Range>
NameSet names_of(const Range& tensors) {
  NameSet names;
  for (const auto& tensor : tensors) names.insert(tensor.name);
  return names;
}

/// The gradients of a dump that are not among `known`, in its order.
Names names_beyond(const NameSet& known, const TensorDump& file) {
  Names names;
  for (const SafetensorsEntry& tensor : file.tensors()) {
    if (!known.contains(tensor.name)) names.push_back(shown_name(tensor.name));
  }
  return names;
}

/// A metadata value as a number; adds a note if it is not one.
template <typename Number>
std::optional<Number> metadata_number(const TensorDump& file, const std::string& key,
                                      Names& notes) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return std::nullopt;
  Number number{};
  const char* const end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  const bool is_usable = error == std::errc() && stop == end && number >= Number{};
  if (is_usable) return number;
  notes.push_back(fmt::format("metadata {} is {}, which is no number to use: left out", key,
                              in_quotes(found->second)));
  return std::nullopt;
}

[[noreturn]] void refuse_strangers(const std::string& source, std::string_view what,
                                   std::string_view its_name, const TensorDump& file) {
  refuse_input(source, fmt::format("no {} has the name of a gradient of {}: {} here, {} there",
                                   what, file.path(), in_quotes(its_name),
                                   in_quotes(file.tensors().front().name)));
}

std::string shape_of(const SafetensorsEntry& tensor) {
  return fmt::format("({})", fmt::join(tensor.shape, ","));
}

/// Appends to `views` the weight of every gradient that has one.
void append_weights(const TensorDump& weights, const GradientDump& dump, const TensorDump& file,
                    std::vector<TensorView>& views, Names& notes) {
  const NameSet gradients = names_of(file.tensors());
  Names unmatched;
  for (std::size_t i = 0; i < weights.tensors().size(); ++i) {
    const SafetensorsEntry& weight = weights.tensors()[i];
    const SafetensorsEntry* const gradient = file.find(weight.name);
    if (gradient == nullptr) {
      unmatched.push_back(shown_name(weight.name));
      continue;
    }
    if (gradient->count == 0) continue;  // Stands for None, whatever its shape.
    if (weight.shape != gradient->shape) {
      refuse_input(weights.path(), fmt::format("weight {} has shape {}, its gradient in {} has {}",
                                               in_quotes(weight.name), shape_of(weight),
                                               file.path(), shape_of(*gradient)));
    }
    views.push_back(dump.views()[i]);
    views.back().role = Role::kWeight;
  }
  const bool has_both = !weights.tensors().empty() && !gradients.empty();
  if (has_both && unmatched.size() == weights.tensors().size()) {
    refuse_strangers(weights.path(), "weight", unmatched.front(), file);
  }
  if (!unmatched.empty()) {
    notes.push_back(fmt::format(
        "{} of {} weights of {} have no gradient here and are not judged: {}", unmatched.size(),
        weights.tensors().size(), weights.path(), list_names(unmatched)));
  }
  const Names without = names_beyond(names_of(weights.tensors()), file);
  if (!without.empty()) {
    notes.push_back(fmt::format("{} of {} gradients have no weight in {}: {}", without.size(),
                                gradients.size(), weights.path(), list_names(without)));
  }
}

HealthMetrics examine_tensors(Stream& stream, const TensorDump& file, const TensorDump* weights,
                              Names& notes) {
  const GradientDump dump(stream, file.tensors());
  std::vector<TensorView> views(dump.views().begin(), dump.views().end());
  std::optional<GradientDump> weight_dump;
  if (weights != nullptr) {
    weight_dump.emplace(stream, weights->tensors());
    append_weights(*weights, *weight_dump, file, views, notes);
  }
  return GradientMonitor(stream).inspect(views);
}

std::optional<ParameterNames> parameters_of(const TensorDump& file, const DumpContext& context) {
  if (context.parameters) return context.parameters;
  const auto found = file.metadata().find("parameters");
  if (found == file.metadata().end()) return std::nullopt;
  const std::string source = file.path() + ": metadata parameters";
  return ParameterNames{source, parse_parameter_names(found->second, source)};
}

/// Adds the parameters that the dump does not have, as gradients that do not exist.
void append_missing(const ParameterNames& parameters, const TensorDump& file,
                    HealthMetrics& metrics, Names& notes) {
  const NameSet gradients = names_of(file.tensors());
  Names buffers, missing;
  NameSet known;
  for (const std::string& name : parameters.names) {
    known.insert(name);
    if (gradients.contains(name)) continue;
    if (is_buffer_name(name)) {
      buffers.push_back(shown_name(name));
    } else {
      missing.push_back(name);
    }
  }
  const Names strangers = names_beyond(known, file);
  if (!known.empty() && !gradients.empty() && strangers.size() == gradients.size()) {
    refuse_strangers(parameters.source, "parameter", parameters.names.front(), file);
  }
  if (!strangers.empty()) {
    notes.push_back(fmt::format("{} of {} gradients are not among the parameters of {}: {}",
                                strangers.size(), gradients.size(), parameters.source,
                                list_names(strangers)));
  }
  if (!buffers.empty()) {
    notes.push_back(
        fmt::format("{} of the parameters of {} are buffers, which have no gradient: {}",
                    buffers.size(), parameters.source, list_names(buffers)));
  }
  for (const std::string& name : missing) {
    TensorRecord& record = metrics.tensors.emplace_back();
    record.name = name;
    record.exists = false;
  }
}

/// A gradient without elements stands for None, unless no gradient of the dump has elements.
void mark_empty_gradients(HealthMetrics& metrics, bool parameters_known) {
  const bool any = std::ranges::any_of(metrics.tensors, [](const TensorRecord& tensor) {
    return tensor.role == Role::kGradient && tensor.stats.count > 0;
  });
  if (!any && !parameters_known) return;
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.role == Role::kGradient && tensor.stats.count == 0) tensor.exists = false;
  }
}

}  // namespace

NamedMetrics examine_dump(Stream& stream, const TensorDump& file, const DumpContext& context) {
  NamedMetrics result;
  result.name = result.source = file.path();
  const Names left_out = file.left_out();
  if (!left_out.empty()) {
    result.notes.push_back(
        fmt::format("{} {} of a type that is not read {} left out: {}", left_out.size(),
                    plural(std::ssize(left_out), "tensor", "tensors"),
                    plural(std::ssize(left_out), "is", "are"), list_names(left_out)));
  }
  std::ranges::move(hints(file), std::back_inserter(result.notes));
  result.metrics = examine_tensors(stream, file, context.weights, result.notes);
  HealthMetrics& metrics = result.metrics;
  const std::optional<ParameterNames> parameters = parameters_of(file, context);
  if (parameters) append_missing(*parameters, file, metrics, result.notes);
  mark_empty_gradients(metrics, parameters.has_value());
  std::optional<double> scale = context.loss_scale;
  if (!scale) scale = metadata_number<double>(file, "loss_scale", result.notes);
  if (scale && (*scale == 0.0 || !std::isfinite(*scale))) {
    result.notes.push_back("metadata loss_scale is no positive finite number: left out");
    scale.reset();
  }
  if (scale) divide_by_loss_scale(metrics, *scale);
  metrics.step = context.step;
  if (!metrics.step) metrics.step = metadata_number<std::int64_t>(file, "step", result.notes);
  return result;
}

}  // namespace gradvitals::app
