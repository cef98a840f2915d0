// Contract: monitor/recorded/recorded_metrics.h, for an object of the notebook's keys. Oracle: the table
// below; a refusal is one line that names file and key.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/runtime/error.h"
#include "monitor/recorded/recorded_metrics.h"
#include "monitor/report/json.h"
#include "tests/monitor/report_networks.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

json valid() {
  return {{"min_gradient", 1e-3}, {"max_gradient", 0.5},          {"mean_gradient", 0.25},
          {"std_gradient", 0.1},  {"vanished_layers", 0},         {"weak_layers", 1},
          {"total_layers", 2},    {"gradient_norms", {1e-3, 0.5}}};
}

HealthMetrics parse_metrics(const std::string& text, const std::string& path) {
  const RecordedMetrics recorded = parse_recorded_metrics(text, path);
  EXPECT_EQ(recorded.steps.size(), 1U);
  return recorded.steps.at(0).metrics;
}

std::string refusal(const std::string& text) {
  try {
    parse_metrics(text, "m.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

TEST(NotebookObject, ValuesAreTakenAsRecorded) {
  json object = valid();
  object["loss"] = 0.75;
  object["a_key_of_tomorrow"] = {1, 2};
  const HealthMetrics metrics = parse_metrics(object.dump(), "m.json");
  EXPECT_EQ(metrics.min_gradient, 1e-3);
  EXPECT_EQ(metrics.max_gradient, 0.5);
  EXPECT_EQ(metrics.mean_gradient, 0.25) << "the mean of the norms is another";
  EXPECT_EQ(metrics.std_gradient, 0.1);
  EXPECT_EQ(metrics.vanished_layers, 0);
  EXPECT_EQ(metrics.weak_layers, 1);
  EXPECT_EQ(metrics.total_layers, 2);
  EXPECT_EQ(metrics.gradient_norms, (std::vector<double>{1e-3, 0.5}));
  EXPECT_EQ(metrics.loss, 0.75);
  EXPECT_FALSE(parse_metrics(valid().dump(), "m.json").loss.has_value());
}

TEST(NotebookObject, NullStandsForWhatIsNotFinite) {
  json object = valid();
  object["max_gradient"] = nullptr;
  object["gradient_norms"][1] = nullptr;
  object["loss"] = nullptr;
  const HealthMetrics metrics = parse_metrics(object.dump(), "m.json");
  EXPECT_TRUE(std::isnan(metrics.max_gradient));
  EXPECT_EQ(metrics.gradient_norms[0], 1e-3);
  EXPECT_TRUE(std::isnan(metrics.gradient_norms[1]));
  EXPECT_TRUE(std::isnan(metrics.loss.value()));
}

TEST(NotebookObject, AnAggregateThatIsMissingIsComputedAndTheOthersStayAsRecorded) {
  const json whole = valid();
  for (const auto& [key, value] : whole.items()) {
    if (key == "gradient_norms") continue;
    json object = whole;
    object.erase(key);
    const HealthMetrics metrics = parse_metrics(object.dump(), "m.json");
    // As recorded it is another than these norms give.
    EXPECT_EQ(metrics.mean_gradient, key == "mean_gradient" ? 0.2505 : 0.25) << key;
    EXPECT_EQ(metrics.std_gradient, key == "std_gradient" ? 0.2495 : 0.1) << key;
    EXPECT_EQ(metrics.weak_layers, key == "weak_layers" ? 0 : 1) << key;
    EXPECT_EQ(metrics.total_layers, 2) << key;
  }
}

TEST(NotebookObject, AggregatesWithoutNormsAreRefused) {
  json object = valid();
  object.erase("gradient_norms");
  EXPECT_EQ(refusal(object.dump()), "m.json: \"gradient_norms\" is missing");
}

TEST(NotebookObject, AValueOfAnotherKindIsNamed) {
  const auto with = [](const char* key, const json& value) {
    json object = valid();
    object[key] = value;
    return refusal(object.dump());
  };
  EXPECT_EQ(with("min_gradient", "0.1"), "m.json: \"min_gradient\" is neither a number nor null");
  EXPECT_EQ(with("loss", true), "m.json: \"loss\" is neither a number nor null");
  EXPECT_EQ(with("gradient_norms", 1), "m.json: \"gradient_norms\" is not an array");
  EXPECT_EQ(with("gradient_norms", {1, "x"}),
            "m.json: \"gradient_norms[1]\" is neither a number nor null");
  EXPECT_EQ(with("std_gradient", -0.5), "m.json: \"std_gradient\" is negative");
  EXPECT_EQ(with("gradient_norms", {1, -1}), "m.json: \"gradient_norms[1]\" is negative");
  for (const json& wrong :
       {json(-1), json(0.5), json(), json("1"), json(std::numeric_limits<std::uint64_t>::max())}) {
    EXPECT_EQ(with("weak_layers", wrong), "m.json: \"weak_layers\" is not a count (0, 1, 2, ...)");
  }
}

std::string valid_with_max(const char* token) {
  std::string text = valid().dump();
  const std::string key = "\"max_gradient\":";
  const std::size_t value = text.find(key) + key.size();
  return text.replace(value, text.find(',', value) - value, token);
}

TEST(NotebookObject, ABareNanOrInfinityIsReadAsPythonWritesIt) {
  EXPECT_TRUE(std::isnan(parse_metrics(valid_with_max("NaN"), "m.json").max_gradient));
  EXPECT_TRUE(std::isnan(parse_metrics(valid_with_max("\"NaN\""), "m.json").max_gradient));
  EXPECT_EQ(parse_metrics(valid_with_max(" Infinity "), "m.json").max_gradient, INFINITY);
  EXPECT_EQ(refusal(valid_with_max("-Infinity")), "m.json: \"max_gradient\" is negative");
  for (const char* token : {"nan", "NaNs", "inf", "Nan", "--Infinity", "+NaN", "1NaN"}) {
    EXPECT_NE(refusal(valid_with_max(token)).find("m.json: no JSON at byte "), std::string::npos)
        << token;
  }
}

TEST(NotebookObject, TheByteAtFaultIsThatOfTheFileWhateverConstantsStandBefore) {
  EXPECT_EQ(refusal(R"({"a": NaN, "b": -Infinity, "NaN": x})"), "m.json: no JSON at byte 35");
  EXPECT_EQ(refusal(R"({"a": 0.1, "b": 0.1234567, "NaN": x})"), "m.json: no JSON at byte 35");
}

TEST(NotebookObject, WhatIsNoJsonObjectIsRefused) {
  EXPECT_EQ(refusal(""), "m.json: ends before its JSON does");
  EXPECT_EQ(refusal("{\"min_gradient\": 1"), "m.json: ends before its JSON does");
  EXPECT_EQ(refusal("{\"min_gradient\": x}"), "m.json: no JSON at byte 18");
  EXPECT_EQ(refusal("1"), "m.json: is neither a JSON object nor an array");
  EXPECT_EQ(refusal("{\"loss\": 1e999}"), "m.json: holds a number beyond the range of float64");
  const std::string endless(1 << 20, '[');
  EXPECT_EQ(refusal(endless), "m.json: nested deeper than 16 levels");
}

TEST(NotebookObject, WhatTheProgramWritesIsReadBack) {
  const NetworkReport network = relu_network();
  const json written = json::parse(diagnosis_json(network));
  const HealthMetrics again = parse_metrics(written.at("metrics").dump(), "m.json");
  EXPECT_EQ(again.gradient_norms, network.metrics.gradient_norms);
  EXPECT_EQ(again.mean_gradient, network.metrics.mean_gradient);
}

}  // namespace
}  // namespace gradvitals::test
