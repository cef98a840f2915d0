// The report of remedies that were tried on a network, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/report/style.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// What the key "schema" says, first in the document.
inline constexpr std::string_view kPrescriptionSchema = "gradvitals.prescription/1";

/// How a network is at one moment of its training.
struct TrialState {
  double loss = 0.0;   ///< Of the judged samples, by the loss of the network as it is.
  double score = 0.0;  ///< PrescriptionReport::score_name; NaN where there is none.
  std::optional<double> backward_factor{};  ///< B (SignalFlow)
  std::optional<double> gradient_spread{};  ///< S, relative_gradient_spread
  Verdict verdict = Verdict::kHealthy;
  Severity severity = Severity::kOk;
};

/// One training of a few steps.
struct Trial {
  std::vector<std::string> remedies{};  ///< What was changed; empty for the network as it is.
  std::string network;                  ///< "64-128-relu-10"
  std::string loss;                     ///< What it was trained with.
  std::string learning_rate;            ///< "0.001, warm-up 40 steps"
  std::optional<double> max_norm{};     ///< Of its gradients, where they are clipped.
  /// What else is to be done to have it from the network as it is, a phrase each with its numbers:
  /// "He initial values (...) in dense layers 1 to 3, biases 0".
  std::vector<std::string> changes{};
  /// "gradvitals train ...", which repeats it; empty where no options of that command do.
  std::string command{};
  TrialState before;
  TrialState after;
  bool trains = false;  ///< At the end it is clearly better than the best constant prediction.
};

enum class PrescriptionOutcome : std::uint8_t {
  kHelps,          ///< The first trial trains, and is clearly better than the network as it is.
  kNothingBetter,  ///< Some train, none of them clearly better than the network as it is.
  kNothingTrains,
};

/// "helps", "nothing_better" or "nothing_trains".
std::string_view name(PrescriptionOutcome outcome);

/// Names may hold any bytes: the writers escape them.
struct PrescriptionReport {
  std::string name;    ///< "64-32-sigmoid-10 on digits"
  std::string device;  ///< "cpu", "cuda" or "sim"
  /// What all trials have alike, but for what a remedy changes: {"optimizer", "adam, ..."}.
  std::vector<std::pair<std::string, std::string>> settings;
  std::int64_t steps = 0;  ///< Of each trial.
  std::string loss;        ///< That all are judged by.
  std::string score_name;  ///< "accuracy", a share, or "R2".
  std::int64_t judged_samples = 0;
  bool is_held_out = false;    ///< The judged samples were not trained on.
  double constant_loss = 0.0;  ///< Of the best prediction that does not look at the sample.
  double trains_below = 0.0;   ///< The loss from which on a trial trains.
  std::vector<Trial> trials;   ///< Best first; the network as it is is among them.
  bool is_complete = true;     ///< Else it was interrupted: these are the trials that had ended.
  std::string interruption{};  ///< By what: "SIGINT"; empty where it is complete.
  PrescriptionOutcome outcome = PrescriptionOutcome::kNothingTrains;
};

/// "as it is", "relu and He", or several with " + " between them.
std::string title(const Trial& trial);

/// "loss 2.3 -> 0.41, vanishing -> healthy", for the line of a trial that has just ended.
std::string summary(const Trial& trial);

/// A table, and what follows from it in one sentence.
std::string prescription_text(const PrescriptionReport& report, TextStyle style);

/// The same as one document: null stands for numbers that are not finite or not known.
std::string prescription_json(const PrescriptionReport& report);

}  // namespace gradvitals
