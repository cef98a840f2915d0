// Contract: monitor/metrics/network_split.h, and how several networks are diagnosed and reported.
// Oracle: each network diagnosed by itself.
#include "monitor/metrics/network_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "monitor/report/diagnosis_text.h"
#include "monitor/report/json.h"
#include "monitor/rules/diagnosis.h"
#include "tests/monitor/health_fixtures.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

TensorView view(std::string_view name, Role role, int layer, int network,
                std::string_view model = {}) {
  TensorView result;
  result.name = name;
  result.model = model;
  result.role = role;
  result.layer = layer;
  result.network = network;
  return result;
}

/// Records with the views' own names.
std::vector<TensorRecord> records_of(const std::vector<TensorView>& views) {
  std::vector<TensorRecord> records;
  for (const TensorView& view : views) {
    records.push_back(test::tensor(std::string(view.name), view.role, view.layer, {}));
  }
  return records;
}

/// Networks of those numbers, examined together: tensors and units are named after the network.
HealthMetrics together(const std::vector<std::pair<std::string, Network>>& networks) {
  std::vector<TensorRecord> tensors;
  std::vector<LayerUnits> units;
  std::vector<Name> names;
  for (int network = 0; network < std::ssize(networks); ++network) {
    const auto& [name, numbers] = networks[static_cast<std::size_t>(network)];
    const HealthMetrics own = numbers.metrics();
    for (TensorRecord tensor : own.tensors) {
      tensor.name = name + "/" + tensor.name.text();
      tensor.network = network;
      tensors.push_back(std::move(tensor));
    }
    for (LayerUnits unit : own.units) {
      unit.name = name + "/" + unit.name.text();
      unit.network = network;
      units.push_back(std::move(unit));
    }
    names.emplace_back(name);
  }
  HealthMetrics metrics = test::metrics_of(std::move(tensors));
  metrics.loss = 0.5;
  metrics.step = 7;
  metrics.units = std::move(units);
  metrics.networks = std::move(names);
  return metrics;
}

const Network healthy{};
const Network vanishing{.hidden = Activation::kSigmoid, .backward_gain = 0.003};
const Network exploding{.backward_gain = 30, .forward_gain = 30};

TEST(Networks, ARecordOfANetworkThatIsNotThereIsRefused) {
  for (const int stranger : {-1, 2}) {
    HealthMetrics metrics = together({{"A", healthy}, {"B", healthy}});
    metrics.tensors.front().network = stranger;
    EXPECT_THROW(split_networks(metrics), std::invalid_argument) << stranger;
    metrics = together({{"A", healthy}, {"B", healthy}});
    metrics.units.back().network = stranger;
    EXPECT_THROW(split_networks(metrics), std::invalid_argument) << stranger;
  }
}

TEST(Networks, OneHasNoNameAndIsNotSplit) {
  const std::vector<TensorView> views{view("a/kernel", Role::kGradient, 0, 3, "A"),
                                      view("b/kernel", Role::kWeight, 7, 0, "A")};
  std::vector<TensorRecord> records = records_of(views);
  EXPECT_TRUE(place_in_networks(views, records).empty());
  EXPECT_EQ(records[0].network, 0);
  EXPECT_EQ(records[1].layer, 7);
  EXPECT_TRUE(split_networks(healthy.metrics()).empty());
}

TEST(Networks, AreNumberedAsTheyComeAndNamedAfterTheirFirstLayer) {
  const std::vector<TensorView> views{
      view("d_1/kernel", Role::kGradient, 1, 7, "Critic"),
      view("d/kernel", Role::kGradient, 0, 7, "Critic"),
      view("stem/kernel", Role::kGradient, 0, -2),
      view("d/output", Role::kOutput, 0, 3, "Critic"),
  };
  std::vector<TensorRecord> records = records_of(views);
  EXPECT_EQ(place_in_networks(views, records), (std::vector<Name>{"Critic", "stem", "Critic#2"}));
  EXPECT_EQ(records[1].network, 0);
  EXPECT_EQ(records[2].network, 1);
  EXPECT_EQ(records[3].network, 2);
}

TEST(Networks, AWeightGoesWhereItsLayerIs) {
  const std::vector<TensorView> views{
      view("dense/kernel", Role::kGradient, 0, 0, "A"),
      view("dense/output", Role::kOutput, 4, 1, "B"),
      view("dense/kernel", Role::kWeight, 0, 0, "B"),
      view("dense/bias", Role::kGradient, -1, 0, "B"),
      view("other/kernel", Role::kWeight, 2, 0, "B"),
  };
  std::vector<TensorRecord> records = records_of(views);
  EXPECT_EQ(place_in_networks(views, records).size(), 2u);
  EXPECT_EQ(std::pair(records[2].network, records[2].layer), std::pair(1, 4));
  EXPECT_EQ(std::pair(records[3].network, records[3].layer), std::pair(1, 4));
  EXPECT_EQ(std::pair(records[4].network, records[4].layer), std::pair(1, 2)) << "by its model";
}

TEST(Networks, ShowWhatEachShowsAlone) {
  const HealthMetrics metrics = together({{"A", healthy}, {"B", vanishing}});
  const std::vector<HealthMetrics> parts = split_networks(metrics);
  ASSERT_EQ(parts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const HealthMetrics alone = (i == 0 ? healthy : vanishing).metrics();
    EXPECT_EQ(parts[i].gradient_norms, alone.gradient_norms);
    EXPECT_EQ(parts[i].units.size(), alone.units.size());
    EXPECT_EQ(parts[i].loss, 0.5);
    EXPECT_EQ(parts[i].step, 7);
    EXPECT_EQ(signal_flow(parts[i]).backward_factor, signal_flow(alone).backward_factor);
    EXPECT_TRUE(parts[i].networks.empty());
  }
}

TEST(Networks, TheWorstDecidesAndIsNamed) {
  ASSERT_EQ(diagnose(healthy.metrics()).verdict, Verdict::kHealthy);
  const Diagnosis alone = diagnose(vanishing.metrics());
  ASSERT_EQ(alone.verdict, Verdict::kVanishing);
  const Diagnosis diagnosis = diagnose(together({{"A", healthy}, {"B", vanishing}}));
  EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
  EXPECT_EQ(fired(diagnosis), fired(alone));
  for (const Finding& finding : diagnosis.findings) EXPECT_EQ(finding.network, "B");
  EXPECT_EQ(diagnosis.findings[0].text, "In B: " + alone.findings[0].text);
  EXPECT_EQ(diagnosis.vital_signs.oxygen.network, "B");
  EXPECT_EQ(diagnosis.vital_signs.oxygen.backward_factor, alone.vital_signs.oxygen.backward_factor);
}

TEST(Networks, DeadAndSaturatedUnitsAreThoseOfTheNetworkWhoseFlowIsShown) {
  Network dead = healthy;
  dead.dead_fraction = 0.99;
  std::vector<std::pair<std::string, Network>> both{{"A", dead}, {"B", vanishing}};
  for (int order = 0; order < 2; ++order, std::ranges::reverse(both)) {
    const Oxygen oxygen = diagnose(together(both)).vital_signs.oxygen;
    const Oxygen alone = diagnose(vanishing.metrics()).vital_signs.oxygen;
    EXPECT_EQ(oxygen.network, "B");
    EXPECT_EQ(oxygen.dead_unit_fraction, alone.dead_unit_fraction);
    EXPECT_EQ(oxygen.saturation_fraction, alone.saturation_fraction);
    EXPECT_EQ(vital_signs(together(both), Thresholds{}).oxygen.dead_unit_fraction,
              alone.dead_unit_fraction);
  }
  // Of networks whose signals flow alike, that with the most dead units.
  const Oxygen oxygen = diagnose(together({{"A", healthy}, {"B", dead}})).vital_signs.oxygen;
  EXPECT_EQ(oxygen.network, "B");
  EXPECT_EQ(oxygen.dead_unit_fraction, 0.99);
}

TEST(Networks, TheOneWithTheWorseFindingComesFirst) {
  Network mild = vanishing;
  mild.backward_gain = 0.15;
  ASSERT_EQ(finding_of(diagnose(mild.metrics()), RuleId::kBackwardFactor).severity,
            Severity::kWarning);
  ASSERT_EQ(finding_of(diagnose(vanishing.metrics()), RuleId::kBackwardFactor).severity,
            Severity::kCritical);
  const Diagnosis diagnosis = diagnose(together({{"mild", mild}, {"bad", vanishing}}));
  EXPECT_EQ(finding_of(diagnosis, RuleId::kBackwardFactor).network, "bad");
  EXPECT_EQ(std::ranges::count(diagnosis.findings, RuleId::kBackwardFactor, &Finding::rule), 2);
}

TEST(Networks, AWarningOfOneDoesNotOutrankACriticalFindingOfAnother) {
  Network mild = healthy;
  mild.dead_fraction = 0.8;
  ASSERT_EQ(diagnose(mild.metrics()).severity, Severity::kWarning);
  ASSERT_EQ(diagnose(vanishing.metrics()).severity, Severity::kCritical);
  std::vector<std::pair<std::string, Network>> both{{"A", mild}, {"B", vanishing}};
  for (int order = 0; order < 2; ++order, std::ranges::reverse(both)) {
    const Diagnosis diagnosis = diagnose(together(both));
    EXPECT_EQ(diagnosis.verdict, Verdict::kVanishing);
    EXPECT_EQ(diagnosis.findings[0].network, "B");
    EXPECT_NE(fired(diagnosis).find("R10"), std::string::npos) << fired(diagnosis);
  }
}

TEST(Networks, FaultsOfOneDoNotExplainThoseOfAnother) {
  Network dead = healthy;
  dead.dead_fraction = 0.99;
  ASSERT_EQ(diagnose(dead.metrics()).verdict, Verdict::kDead);
  const Diagnosis diagnosis = diagnose(together({{"A", dead}, {"B", vanishing}}));
  EXPECT_EQ(finding_of(diagnosis, RuleId::kDeadUnits).network, "A");
  EXPECT_EQ(finding_of(diagnosis, RuleId::kBackwardFactor).network, "B");
  EXPECT_EQ(finding_of(diagnosis, RuleId::kBackwardFactor).consequence_of, std::nullopt);
}

TEST(Networks, BothWaysOfFailingAreFound) {
  const Diagnosis diagnosis = diagnose(together({{"A", exploding}, {"B", vanishing}}));
  std::vector<Verdict> verdicts;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.rule == RuleId::kBackwardFactor) verdicts.push_back(finding.verdict);
  }
  EXPECT_EQ(verdicts, (std::vector{Verdict::kExploding, Verdict::kVanishing}));
}

TEST(Networks, NaNIsTracedThroughAllOfThem) {
  HealthMetrics metrics = together({{"A", healthy}, {"B", healthy}});
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.network == 1 || tensor.role == Role::kDelta) tensor.stats.nan_count = 1;
  }
  const Diagnosis diagnosis = diagnose(metrics);
  EXPECT_EQ(diagnosis.verdict, Verdict::kNonFinite);
  EXPECT_EQ(std::ranges::count(diagnosis.findings, RuleId::kNonFinite, &Finding::rule), 1);
  EXPECT_EQ(diagnosis.findings[0].tensor, "B/dense_0/pre_activation");
  EXPECT_EQ(diagnosis.findings[0].network, "");
}

TEST(Networks, OneWithoutGradientsIsJudgedByWhatIsKnownOfIt) {
  HealthMetrics metrics = together({{"A", healthy}, {"B", healthy}});
  std::erase_if(metrics.tensors, [](const TensorRecord& tensor) {
    return tensor.network == 1 && (tensor.role == Role::kGradient || tensor.role == Role::kDelta);
  });
  EXPECT_EQ(diagnose(metrics).verdict, Verdict::kHealthy);
  for (TensorRecord& tensor : metrics.tensors) {
    if (tensor.network == 0 && tensor.role == Role::kGradient) tensor.exists = false;
  }
  EXPECT_EQ(diagnose(metrics).verdict, Verdict::kNoGradient);
}

TEST(Networks, AreNamedInReportsWhereThereAreSeveral) {
  NetworkReport report;
  report.name = "Both";
  report.metrics = together({{"A", healthy}, {"B", vanishing}});
  report.diagnosis = diagnose(report.metrics);
  const json written = json::parse(diagnosis_json(report));
  EXPECT_EQ(written["tensors"].front()["network"], "A");
  EXPECT_EQ(written["tensors"].back()["network"], "B");
  EXPECT_EQ(written["findings"][0]["network"], "B");
  EXPECT_EQ(written["vital_signs"]["oxygen"]["network"], "B");
  const std::string text = diagnosis_text(report, RuleSet::kFull, TextStyle{});
  EXPECT_NE(text.find("In B: Backward factor"), std::string::npos) << text;
  EXPECT_NE(text.find("of B, the worst"), std::string::npos) << text;

  report.metrics = vanishing.metrics();
  report.diagnosis = diagnose(report.metrics);
  const std::string of_one = diagnosis_json(report);
  EXPECT_EQ(of_one.find("\"network\""), std::string::npos);
}

}  // namespace
}  // namespace gradvitals::test
