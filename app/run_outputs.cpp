#include "app/run_outputs.h"

#include <utility>

#include "app/output.h"
#include "app/terminal.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals::app {

void RunOutputs::begin(TensorBoardOptions options, std::int64_t first_step, bool is_resumed) {
  if (!files_.tensorboard) return;
  board_.emplace(*files_.tensorboard, std::move(options), first_step, is_resumed);
}

void RunOutputs::add(const JudgedStep& step) {
  if (!files_.plots.empty()) series_.add(step.metrics, step.context, step.tracker.vital_signs());
  if (!board_) return;
  board_->add({.step = step.tracker.last_step().value_or(0),
               .metrics = step.metrics,
               .context = step.context,
               .signs = step.tracker.vital_signs(),
               .events = step.events,
               .histograms = step.histograms});
}

void RunOutputs::end() {
  if (board_) board_->flush();
}

std::optional<std::string> RunOutputs::take_complaint() {
  return board_ ? board_->take_complaint() : std::nullopt;
}

std::string RunOutputs::missing_text() const {
  return board_ ? board_->missing_text() : "";
}

bool RunOutputs::write(const TrajectoryReport& /*report*/, const std::function<std::string()>& text,
                       const std::function<std::string()>& json) {
  bool written = missing_text().empty();
  if (const auto complaint = take_complaint()) note(printable(*complaint));
  if (!files_.takes_standard_output()) {
    written &= write_or_tell([&] { write_result("-", text()); });
  }
  if (files_.json) written &= write_or_tell([&] { write_result(*files_.json, json()); });
  return written;
}

}  // namespace gradvitals::app
