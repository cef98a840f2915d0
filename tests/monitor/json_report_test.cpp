// JSON writers: the schema's keys in its order, null for what is no number, bytes that are always
// ASCII.
#include "monitor/report/json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/monitor/health_fixtures.h"
#include "tests/monitor/report_networks.h"

namespace gradvitals::test {
namespace {

using Json = nlohmann::ordered_json;
using Keys = std::vector<std::string>;

Keys keys_of(const Json& object) {
  Keys keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

Json parsed(const NetworkReport& network) {
  return Json::parse(diagnosis_json(network));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

TEST(DiagnosisJson, KeysStandInTheOrderOfTheSchema) {
  const Json json = parsed(exploding_network());
  EXPECT_EQ(keys_of(json), (Keys{"schema", "name", "device", "loss", "tensors", "metrics",
                                 "seed_score", "vital_signs", "findings", "verdict", "severity"}));
  EXPECT_EQ(keys_of(json["tensors"][0]),
            (Keys{"name", "role", "layer", "dtype", "count", "l2_norm", "max_abs",
                  "min_abs_nonzero", "rms", "mean", "zero_count", "subnormal_count", "nan_count",
                  "inf_count", "first_nonfinite_index"}));
  EXPECT_EQ(keys_of(json["metrics"]), (Keys{"min_gradient", "max_gradient", "mean_gradient",
                                            "std_gradient", "vanished_layers", "weak_layers",
                                            "total_layers", "gradient_norms", "global_norm"}));
  EXPECT_EQ(keys_of(json["seed_score"]), (Keys{"score", "verdict"}));
  EXPECT_EQ(keys_of(json["vital_signs"]),
            (Keys{"blood_pressure", "heart_rate", "temperature", "oxygen"}));
  EXPECT_EQ(keys_of(json["vital_signs"]["blood_pressure"]), (Keys{"range_ratio", "status"}));
  EXPECT_EQ(keys_of(json["vital_signs"]["heart_rate"]), (Keys{"log_norm_mad", "spikes", "status"}));
  EXPECT_EQ(keys_of(json["vital_signs"]["temperature"]),
            (Keys{"update_to_weight_ratio", "status"}));
  EXPECT_EQ(keys_of(json["vital_signs"]["oxygen"]),
            (Keys{"backward_factor", "block_factor", "relative_gradient_spread",
                  "gradient_to_weight", "backward_gain", "forward_gain", "dead_unit_fraction",
                  "saturation_fraction", "status"}));
  ASSERT_FALSE(json["findings"].empty());
  EXPECT_EQ(keys_of(json["findings"][0]),
            (Keys{"rule", "id", "severity", "tensor", "layer", "value", "threshold", "text",
                  "advice", "consequence_of"}));
}

TEST(DiagnosisJson, IsLaidOutAsADumpOfTheWhole) {
  NetworkReport noted = exploding_network();
  noted.name = "quoted \"name\"\nof two lines";
  noted.notes = {"a note"};
  NetworkReport empty;
  empty.name = "no tensor";
  for (const NetworkReport& network : {noted, empty, sigmoid_network()}) {
    EXPECT_EQ(diagnosis_json(network), parsed(network).dump(2, ' ', true) + '\n') << network.name;
  }
}

TEST(DiagnosisJson, HoldsWhatWasMeasuredAndJudged) {
  const NetworkReport network = sigmoid_network();
  const Json json = parsed(network);
  EXPECT_EQ(json["schema"], "gradvitals.diagnosis/1");
  EXPECT_EQ(json["name"], "Sigmoid Network");
  EXPECT_EQ(json["device"], "cpu");
  EXPECT_EQ(json["verdict"], "vanishing");
  EXPECT_EQ(json["severity"], "warning");
  EXPECT_EQ(json["seed_score"]["score"], 8);
  EXPECT_EQ(json["seed_score"]["verdict"], "EXCELLENT");
  EXPECT_EQ(json["tensors"].size(), network.metrics.tensors.size());
  EXPECT_EQ(json["tensors"][0]["role"], "gradient");
  EXPECT_EQ(json["tensors"][0]["dtype"], "F32");
  EXPECT_EQ(json["findings"][0]["rule"], "R2");
  EXPECT_EQ(json["findings"][0]["id"], "backward_factor");
  EXPECT_FALSE(json["findings"][0]["advice"].empty());
}

TEST(DiagnosisJson, HoldsTheNormOfAllGradientsAndEachMean) {
  HealthMetrics metrics = named_metrics({3.0, 4.0});
  metrics.tensors[0].stats.sum = 5.0;
  metrics.tensors[0].stats.count = 20;
  const Json json = parsed(judged("two", "", metrics));
  EXPECT_DOUBLE_EQ(json["metrics"]["global_norm"].get<double>(), 5.0);
  EXPECT_DOUBLE_EQ(json["tensors"][0]["mean"].get<double>(), 0.25);
}

TEST(DiagnosisJson, NumbersReadBackToTheSameBits) {
  const std::vector<double> norms = {1.0 / 3.0, 5e-324, 1.7976931348623157e308, 0.1, 1e23, 0.0};
  const Json json = parsed(network_with_norms("bits", norms));
  EXPECT_EQ(json["metrics"]["gradient_norms"].get<std::vector<double>>(), norms);
}

TEST(DiagnosisJson, NumbersThatAreNotFiniteAreNull) {
  NetworkReport network = network_with_norms("odd", {1.0, kNaN, kInf});
  network.metrics.loss = kNaN;
  const Json json = parsed(network);
  EXPECT_TRUE(json["loss"].is_null());
  for (const char* key : {"min_gradient", "max_gradient", "mean_gradient", "std_gradient"}) {
    EXPECT_TRUE(json["metrics"][key].is_null()) << key;
  }
  EXPECT_EQ(json["metrics"]["gradient_norms"], Json::parse("[1.0, null, null]"));
}

TEST(DiagnosisJson, WhatHasNoValueIsNull) {
  HealthMetrics metrics = named_metrics({0.0, kNaN});
  metrics.tensors.resize(4);
  metrics.tensors[2].name = "unused";
  metrics.tensors[2].exists = false;
  metrics.tensors[3].name = "empty";
  const Json json = parsed(judged("missing", "", metrics));
  EXPECT_TRUE(json["loss"].is_null());
  EXPECT_TRUE(json["vital_signs"]["heart_rate"]["spikes"].is_null());
  EXPECT_TRUE(json["vital_signs"]["oxygen"]["backward_gain"].is_null());

  const Json& tensors = json["tensors"];
  EXPECT_TRUE(tensors[0]["min_abs_nonzero"].is_null()) << "every element is zero";
  EXPECT_EQ(tensors[0]["l2_norm"], 0.0);
  EXPECT_TRUE(tensors[0]["first_nonfinite_index"].is_null());
  EXPECT_EQ(tensors[1]["nan_count"], 1);
  EXPECT_EQ(tensors[1]["first_nonfinite_index"], 5);
  EXPECT_TRUE(tensors[2]["l2_norm"].is_null()) << "a parameter without gradient";
  EXPECT_TRUE(tensors[2]["max_abs"].is_null());
  EXPECT_TRUE(tensors[2]["layer"].is_null());
  EXPECT_EQ(tensors[3]["l2_norm"], 0.0) << "a tensor without elements";
  EXPECT_TRUE(tensors[3]["rms"].is_null());
}

TEST(DiagnosisJson, AFindingAboutTheNetworkHasNoTensorAndNoCause) {
  const Json json = parsed(sigmoid_network());
  EXPECT_TRUE(json["findings"][0]["tensor"].is_null());
  EXPECT_TRUE(json["findings"][0]["layer"].is_null());
  EXPECT_TRUE(json["findings"][0]["consequence_of"].is_null());
}

TEST(DiagnosisJson, EveryRuleIsNamedByNumberAndWord) {
  NetworkReport network = sigmoid_network();
  network.diagnosis.findings.clear();
  for (const RuleId rule : all_rules()) {
    Finding finding;
    finding.rule = finding.consequence_of.emplace(rule);
    network.diagnosis.findings.push_back(finding);
  }
  const Json findings = parsed(network)["findings"];
  ASSERT_EQ(findings.size(), all_rules().size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    EXPECT_EQ(findings[i]["rule"], rule_number(all_rules()[i]));
    EXPECT_EQ(findings[i]["id"], rule_word(all_rules()[i]));
    EXPECT_EQ(findings[i]["consequence_of"], findings[i]["rule"]);
  }
}

TEST(DiagnosisJson, AnyBytesOfANameGiveValidAscii) {
  NetworkReport network = relu_network();
  network.name = "quote \" backslash \\ line\n escape\x1b[2J h\xc3\xa4user \xff\xc3";
  network.metrics.tensors[0].name = "\xed\xa0\x80";  // a surrogate
  const std::string text = diagnosis_json(network);
  EXPECT_TRUE(is_ascii(text));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(Json::parse(text)["name"],
            "quote \" backslash \\ line\n escape\x1b[2J h\xc3\xa4user \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(DiagnosisJson, SameInputGivesTheSameBytesAndEndsWithALineBreak) {
  EXPECT_EQ(diagnosis_json(sigmoid_network()), diagnosis_json(sigmoid_network()));
  EXPECT_TRUE(diagnosis_json(sigmoid_network()).ends_with("}\n"));
}

TEST(DiagnosisJson, NamesTheNetworkOfEachTensorWhereThereAreSeveral) {
  NetworkReport network = judged("two", "", named_metrics({0.1, 0.2}));
  const Json of_one = parsed(network)["tensors"];
  for (const Json& tensor : of_one) EXPECT_FALSE(tensor.contains("network"));
  network.metrics.networks = {"generator", "critic"};
  network.metrics.tensors[1].network = 1;
  const Json tensors = parsed(network)["tensors"];
  EXPECT_EQ(tensors[0]["network"], "generator");
  EXPECT_EQ(tensors[1]["network"], "critic");
}

TEST(DiagnosisJson, ATensorOfNoKnownNetworkIsRefusedByItsName) {
  for (const int place : {-1, 2}) {
    NetworkReport network = judged("two", "", named_metrics({0.1, 0.2}));
    network.metrics.networks = {"generator", "critic"};
    network.metrics.tensors[1].name = "lost";
    network.metrics.tensors[1].network = place;
    try {
      diagnosis_json(network);
      ADD_FAILURE() << place << " was taken";
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), "json: tensor \"lost\" is of network " + std::to_string(place) +
                                  ", but there are 2");
    }
  }
}

TEST(ComparisonJson, ListsNetworksInOrderEachAsADiagnosis) {
  const std::vector<NetworkReport> networks = three_networks();
  const Json json = Json::parse(comparison_json(networks));
  EXPECT_EQ(keys_of(json), (Keys{"schema", "networks"}));
  EXPECT_EQ(json["schema"], "gradvitals.comparison/1");
  ASSERT_EQ(json["networks"].size(), networks.size());
  for (std::size_t i = 0; i < networks.size(); ++i) {
    EXPECT_EQ(json["networks"][i], parsed(networks[i])) << networks[i].name;
  }
}

TEST(ComparisonJson, OfNoNetworkIsAnEmptyList) {
  EXPECT_EQ(Json::parse(comparison_json({}))["networks"], Json::array());
}

}  // namespace
}  // namespace gradvitals::test
