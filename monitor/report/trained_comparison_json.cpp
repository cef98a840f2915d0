#include "monitor/report/trained_comparison_json.h"

#include <algorithm>

#include "monitor/report/finding_json.h"
#include "monitor/report/trajectory_json.h"

namespace gradvitals {
namespace {

Json losses_json(const TrainedNetwork& trained) {
  Json losses = Json::array();
  for (const double loss : trained.losses) losses.push_back(json_number(loss));
  return losses;
}

double best_learnt(const TrainedComparison& training) {
  double best = 0.0;
  for (const TrainedNetwork& trained : training.networks) {
    best = std::max(best, learnt_share(trained.score_after));
  }
  return best;
}

}  // namespace

void write_trainings(JsonWriter& out, const NetworkReport& network, std::size_t place,
                     std::span<const TrainedComparison> trainings) {
  out.key("training");
  out.open_array();
  for (const TrainedComparison& training : trainings) {
    if (place >= training.networks.size()) break;  // Interrupted before.
    const TrainedNetwork& trained = training.networks[place];
    out.open_object();
    out.member("optimizer", training.optimizer);
    out.member("learning_rate", json_number(training.learning_rate));
    out.member("batch", training.batch);
    out.member("steps", training.steps);
    out.member("interruption",
               training.interruption.empty() ? Json() : Json(training.interruption));
    out.member("loss_before", json_number(trained.loss_before));
    out.member("loss_after", json_number(trained.loss_after));
    out.member("score_name", "R2");
    out.member("score_before", json_number(trained.score_before));
    out.member("score_after", json_number(trained.score_after));
    out.member("losses", losses_json(trained));
    out.member("prediction", {{"verdict", name(network.diagnosis.verdict)},
                              {"outcome", name(trained.prediction)},
                              {"learnt", learnt_share(trained.score_after)},
                              {"best_learnt", best_learnt(training)}});
    write_judged_run(out, trained.run);
    out.close();
  }
  out.close();
}

}  // namespace gradvitals
