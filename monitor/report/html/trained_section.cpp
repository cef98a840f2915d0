#include "monitor/report/html/trained_section.h"

#include <fmt/format.h>

#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/run_data.h"
#include "monitor/report/number_text.h"

namespace gradvitals {
namespace {

std::string outcome_word(PredictionOutcome outcome) {
  switch (outcome) {
    case PredictionOutcome::kHeld:
      return "held";
    case PredictionOutcome::kFailed:
      return "did not hold";
    case PredictionOutcome::kOpen:
      break;
  }
  return "cannot be told";
}

void write_trained_row(HtmlWriter& out, const NetworkReport& network,
                       const TrainedComparison& training, const TrainedNetwork& trained) {
  out.open("tr");
  out.element("td", network.title(), {{"class", "name"}});
  out.element("td", fmt::format("{}, rate {}", training.optimizer, training.learning_rate));
  out.element("td", three_digits(trained.loss_before), {{"class", "number"}});
  out.element("td", three_digits(trained.loss_after), {{"class", "number"}});
  out.element("td", three_digits(trained.score_after), {{"class", "number"}});
  out.element("td", fmt::format("{}: {}", word_of(network.diagnosis.verdict),
                                outcome_word(trained.prediction)));
  out.element("td", run_verdict_sentence(trained.run));
  out.close();
}

}  // namespace

Json write_trainings(HtmlWriter& out, std::span<const NetworkReport> networks,
                     std::span<const TrainedComparison> trainings) {
  Json runs = Json::array();
  if (trainings.empty()) return runs;
  std::size_t count = 0;
  for (const TrainedComparison& training : trainings) count += training.networks.size();
  open_section(out, "curves", "How they trained",
               "Each network was trained under watch. Curves are the largest loss and norm in each "
               "of 64 or fewer parts of the run.");
  out.open("div", {{"class", "scroll"}});
  out.open("table");
  out.raw(
      "<tr><th>Network</th><th>Optimizer</th><th class=\"number\">Loss before</th>"
      "<th class=\"number\">Loss after</th><th class=\"number\">R squared</th>"
      "<th>First verdict</th><th>Run</th></tr>");
  for (const TrainedComparison& training : trainings) {
    for (std::size_t i = 0; i < training.networks.size(); ++i) {
      const TrainedNetwork& trained = training.networks[i];
      write_trained_row(out, networks[i], training, trained);
      runs.push_back(curves_json(fmt::format("{} with {}", networks[i].title(), training.optimizer),
                                 run_letter(runs.size(), count), trained.run.curve.intervals()));
    }
  }
  out.close();
  out.close();
  out.raw("<div id=\"curve-panels\" class=\"needs-charts\"></div>");
  out.close();
  return runs;
}

}  // namespace gradvitals
