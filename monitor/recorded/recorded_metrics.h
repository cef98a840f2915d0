// Recorded metrics: norms that others measured, at one step or over a training run, to be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/metrics/health_metrics.h"

namespace gradvitals {

/// Longer names are refused. All steps share the text of a name, but the checks of a run read it in
/// each step: one long name over the many steps of a small file would take them the time of
/// gigabytes. Names of the most deeply wrapped modules have some 200 bytes.
inline constexpr std::size_t kMaxNormNameBytes = 512;

struct RecordedStep {
  std::optional<std::int64_t> step;  ///< As metrics.step.
  HealthMetrics metrics;             ///< gradient_names holds the names, where norms had any.
};

/// Records that share their step with others.
struct RepeatedSteps {
  std::int64_t records = 0;
  std::int64_t first = 0;       ///< The step of the first of them.
  std::int64_t not_finite = 0;  ///< Of those that are left out: they hold a NaN or an infinity.
};

struct RecordedMetrics {
  std::vector<RecordedStep> steps;  ///< In the order of the file; at least one.
  std::int64_t records_without_norms =
      0;                           ///< Lines, rows or objects that hold none: evaluations, say.
  std::int64_t skipped_lines = 0;  ///< Cut short at the end, while they were written.
  /// Norms that are empty or null in a step that has others: not recorded, and so not judged.
  std::int64_t norms_not_recorded = 0;
  std::vector<std::string>
      texts_left_out;        ///< Names that hold text, where any name may be a norm's.
  RepeatedSteps superseded;  ///< Left out: their step comes again later, as where a run restarts.
  RepeatedSteps shared;  ///< Kept, each as a step: others in a row, or of other norms, say it too.
};

/// Reads what people record, told by its content:
/// - an object with the notebook's keys (min_gradient, ..., total_layers, gradient_norms) or with
///   gradient_norms alone, an array: what is there is taken as recorded, the rest is computed;
/// - {name: norm}, nested too; an array of norms;
/// - gradvitals' own JSON, of a diagnosis or a comparison;
/// - such objects as an array or one a line (JSON lines), each a step where it holds norms, with
///   `step`, `global_step`, `epoch`, ... and `loss` where they are there; or an object of columns;
/// - Hugging Face's trainer_state.json, of which the entries with a `grad_norm` are steps.
/// Norms are told from other numbers as choose_norms() says: names with "grad" first. The norm of all
/// gradients together is left out beside finite norms of tensors: it is no tensor's. NaN and
/// Infinity as Python writes them are values. null is none: the norm was not recorded, as with an
/// empty cell of a table. In gradvitals' own JSON, and in an array of norms without names, where each
/// has its place, null is how a NaN is written. A text among norms is refused; where a name has
/// nothing but text and may be no norm's, it is left out. Of a step that comes again after others, as
/// in the log of a restarted run, the last record counts. `path` is for messages. Throws
/// InputError naming the path and the line, key or byte at fault.
RecordedMetrics parse_recorded_metrics(std::string_view text, const std::string& path);

}  // namespace gradvitals
