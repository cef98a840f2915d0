#include <cmath>
#include <optional>
#include <utility>

#include "monitor/report/json_writer.h"
#include "monitor/report/prescription.h"

namespace gradvitals {
namespace {

Json trial_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

Json trial_state_json(const TrialState& state) {
  return {{"loss", trial_number(state.loss)},
          {"score", trial_number(state.score)},
          {"backward_factor", trial_number(state.backward_factor)},
          {"relative_gradient_spread", trial_number(state.gradient_spread)},
          {"verdict", name(state.verdict)},
          {"severity", name(state.severity)}};
}

Json trial_json(const Trial& trial) {
  return {{"title", title(trial)},
          {"remedies", trial.remedies},
          {"network", trial.network},
          {"loss", trial.loss},
          {"learning_rate", trial.learning_rate},
          {"max_norm", trial_number(trial.max_norm)},
          {"changes", trial.changes},
          {"command", trial.command.empty() ? Json() : Json(trial.command)},
          {"before", trial_state_json(trial.before)},
          {"after", trial_state_json(trial.after)},
          {"trains", trial.trains}};
}

}  // namespace

std::string prescription_json(const PrescriptionReport& report) {
  JsonWriter out;
  out.open_object();
  out.member("schema", kPrescriptionSchema);
  out.member("name", report.name);
  out.member("device", report.device);
  Json settings = Json::object();
  for (const auto& [key, value] : report.settings) settings[key] = value;
  out.member("settings", settings);
  out.member("steps", report.steps);
  out.member("loss", report.loss);
  out.member("score_name", report.score_name);
  out.member("judged_samples", report.judged_samples);
  out.member("held_out", report.is_held_out);
  out.member("constant_loss", trial_number(report.constant_loss));
  out.member("trains_below", trial_number(report.trains_below));
  out.member("complete", report.is_complete);
  out.member("interruption", report.interruption.empty() ? Json() : Json(report.interruption));
  out.key("trials");
  out.open_array();
  for (const Trial& trial : report.trials) out.value(trial_json(trial));
  out.close();
  // Of trials that were cut short nothing follows, but that one of them helps.
  const bool is_known = report.is_complete || report.outcome == PrescriptionOutcome::kHelps;
  out.member("outcome", is_known ? Json(name(report.outcome)) : Json());
  out.close();
  return std::move(out).finish();
}

}  // namespace gradvitals
