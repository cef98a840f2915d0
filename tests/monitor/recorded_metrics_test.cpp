// Contract: monitor/recorded/recorded_metrics.h. Oracle: the files below, and those that trackers and
// trainers wrote; a refusal is one line that names file and line or key.
#include "monitor/recorded/recorded_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "kernels/runtime/error.h"
#include "monitor/report/json.h"
#include "tests/monitor/report_networks.h"

namespace gradvitals::test {
namespace {

using Norms = std::vector<double>;
using Names = std::vector<Name>;
using Texts = std::vector<std::string>;
using Steps = std::vector<std::optional<std::int64_t>>;

RecordedMetrics parse(const std::string& text) {
  return parse_recorded_metrics(text, "m.json");
}

std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

std::string recorded_file(const std::string& name) {
  std::ifstream in(std::string(GRADVITALS_TEST_DATA "/golden/public/formats/") + name);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

Steps steps_of(const RecordedMetrics& recorded) {
  Steps steps;
  for (const RecordedStep& step : recorded.steps) {
    EXPECT_EQ(step.step, step.metrics.step);
    steps.push_back(step.step);
  }
  return steps;
}

/// The only step of a text that has one.
HealthMetrics one_step(const std::string& text) {
  const RecordedMetrics recorded = parse(text);
  EXPECT_EQ(recorded.steps.size(), 1U);
  return recorded.steps.front().metrics;
}

TEST(RecordedMetrics, NormsByNameAreOneStep) {
  const HealthMetrics metrics = one_step(recorded_file("norms_by_name.json"));
  EXPECT_EQ(metrics.gradient_names,
            (Names{"0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight"}));
  EXPECT_EQ(metrics.gradient_norms[1], 0.0531904399394989);
  EXPECT_EQ(metrics.total_layers, 6);
  EXPECT_EQ(metrics.min_gradient, 0.012153713963925838);
  EXPECT_FALSE(metrics.step.has_value());
}

TEST(RecordedMetrics, NotANumberAndInfinityAreValues) {
  const HealthMetrics metrics = one_step(R"({"a.weight": NaN, "b.weight": "nan", "c": Infinity})");
  ASSERT_EQ(metrics.gradient_norms.size(), 3U);
  EXPECT_TRUE(std::isnan(metrics.gradient_norms[0]));
  EXPECT_TRUE(std::isnan(metrics.gradient_norms[1]));
  EXPECT_EQ(metrics.gradient_norms[2], INFINITY);
}

TEST(RecordedMetrics, NullIsNotRecordedAndCounted) {
  const RecordedMetrics recorded =
      parse(R"({"step": 0, "grad/a": 0.1, "grad/b": null})"
            "\n"
            R"({"step": 1, "grad_norms": {"a": "n/a", "b": 0.2, "c": [null, 1]}})"
            "\n");
  ASSERT_EQ(recorded.steps.size(), 2U);
  EXPECT_EQ(recorded.steps[0].metrics.gradient_names, Names{"grad/a"});
  EXPECT_EQ(recorded.steps[1].metrics.gradient_names, (Names{"b", "c[1]"}));
  EXPECT_EQ(recorded.norms_not_recorded, 3);
  EXPECT_EQ(
      refusal(R"({"step": 1, "grad_norm": null})"),
      "m.json: holds no gradient norms: every value of \"grad_norm\" is empty or null, which is "
      "none (a NaN is written NaN)");
  // Without names each norm has its place, and there is one: NaN.
  for (const char* text : {R"({"gradient_norms": [0.1, null]})", "[0.1, null]"}) {
    EXPECT_TRUE(std::isnan(one_step(text).gradient_norms.at(1))) << text;
  }
}

TEST(RecordedMetrics, ATextAmongNormsIsRefused) {
  EXPECT_EQ(refusal("{\"grad_norm\": 1}\n{\"grad_norm\": \"big\"}\n"),
            "m.json: line 2: \"grad_norm\" is \"big\", not a number");
  EXPECT_EQ(refusal("{\"fc1\": 1}\n{\"fc1\": \"oops\"}\n{\"fc1\": 2}\n"),
            "m.json: line 2: \"fc1\" is \"oops\", not a number");
  EXPECT_EQ(refusal(R"({"fc1.weight": 0.5, "fc2.weight": "big"})"),
            "m.json: \"fc2.weight\" is \"big\", not a number");
  EXPECT_EQ(refusal(R"({"grad_norms": {"a": 1, "b": true}})"), "m.json: \"b\" is not a number");
  EXPECT_EQ(refusal(R"({"grad/a": "0,5"})"), "m.json: \"grad/a\" is \"0,5\", not a number");
}

TEST(RecordedMetrics, ALabelIsLeftOutByName) {
  const RecordedMetrics recorded =
      parse("{\"host\": \"a\", \"fc1\": 1}\n{\"host\": \"b\", \"fc1\": 2}\n");
  EXPECT_EQ(recorded.steps.size(), 2U);
  EXPECT_EQ(recorded.texts_left_out, Texts{"host"});
  EXPECT_EQ(parse(R"({"host": "a", "grad_norm": 1})").texts_left_out, Texts{})
      << "where norms say that they are gradients, no other name is a norm's";
}

TEST(RecordedMetrics, AKeyThatIsGivenTwiceIsNamed) {
  EXPECT_EQ(refusal(R"({"fc1": 1, "fc2": 2, "fc1": 3})"),
            "m.json: key \"fc1\" is given twice in one object");
  EXPECT_EQ(refusal("{\"a\": 1}\n{\"norms\": {\"b\": 1, \"b\": 1}}\n"),
            "m.json: line 2: key \"b\" is given twice in one object");
  EXPECT_EQ(parse(R"([{"a": {"x": 1}, "b": {"x": 2}}, {"a": {"x": 3}}])").steps.size(), 2U)
      << "in different objects";
}

TEST(RecordedMetrics, NestedNormsAreRead) {
  const HealthMetrics named =
      one_step(R"({"step": 5, "loss": 1.5, "grad_norms": {"fc1.weight": 0.1, "loss": 0.2}})");
  EXPECT_EQ(named.gradient_names, (Names{"fc1.weight", "loss"}));
  EXPECT_EQ(named.gradient_norms, (Norms{0.1, 0.2}));
  EXPECT_EQ(named.step, 5);
  EXPECT_EQ(named.loss, 1.5);
  const HealthMetrics tree = one_step(
      R"({"params": {"Dense_0": {"kernel": 0.1, "bias": 0.2}, "Dense_1": {"kernel": 0.3}}})");
  EXPECT_EQ(tree.gradient_names,
            (Names{"params/Dense_0/bias", "params/Dense_0/kernel", "params/Dense_1/kernel"}));
  const HealthMetrics listed = one_step(R"({"grad_norms": [0.1, NaN], "weight_norms": [1, 2]})");
  EXPECT_EQ(listed.gradient_names, (Names{"grad_norms[0]", "grad_norms[1]"}));
}

TEST(RecordedMetrics, NormsWithoutNamesAreOneStep) {
  for (const char* text : {R"({"gradient_norms": [0.1, 0.3]})", "[0.1, 0.3]"}) {
    const HealthMetrics metrics = one_step(text);
    EXPECT_EQ(metrics.gradient_norms, (Norms{0.1, 0.3}));
    EXPECT_TRUE(metrics.gradient_names.empty());
    EXPECT_EQ(metrics.total_layers, 2);
    EXPECT_EQ(metrics.mean_gradient, 0.2);
  }
}

TEST(RecordedMetrics, TheProgramsOwnJsonIsReadWithItsNames) {
  const NetworkReport network = relu_network();
  const HealthMetrics metrics = one_step(diagnosis_json(network));
  EXPECT_EQ(metrics.gradient_norms, network.metrics.gradient_norms);
  ASSERT_EQ(metrics.gradient_names.size(), metrics.gradient_norms.size());
  EXPECT_EQ(metrics.gradient_names.front(), network.metrics.tensors.front().name);
  const std::vector networks{network, relu_network()};
  EXPECT_EQ(steps_of(parse(comparison_json(networks))), (Steps{std::nullopt, std::nullopt}));
}

TEST(RecordedMetrics, JsonLinesAreSteps) {
  const RecordedMetrics recorded = parse(recorded_file("metrics.jsonl"));
  EXPECT_EQ(steps_of(recorded), (Steps{0, 1, 2}));
  EXPECT_EQ(recorded.steps[0].metrics.gradient_norms, Norms{0.3});
  EXPECT_EQ(recorded.steps[0].metrics.gradient_names, Names{"grad_norm"});
  EXPECT_EQ(recorded.skipped_lines, 0);
  EXPECT_EQ(recorded.records_without_norms, 0);
}

TEST(RecordedMetrics, LinesOfAnEvaluationAreNoSteps) {
  const RecordedMetrics recorded = parse(
      "\xEF\xBB\xBF{\"_step\": 10, \"grad_norm\": 0.5, \"loss\": 2.0, \"lr\": 1e-3}\r\n"
      "\r\n"
      "{\"_step\": 11, \"eval_accuracy\": 0.9}\r\n"
      "{\"_step\": 12, \"grad_norm\": null, \"eval_loss\": 1.0}\r\n"
      "{\"_step\": 13, \"grad_norm\": null, \"eval_loss\": null}\r\n");
  EXPECT_EQ(steps_of(recorded), Steps{10});
  EXPECT_EQ(recorded.steps[0].metrics.loss, 2.0);
  EXPECT_EQ(recorded.records_without_norms, 3);
}

TEST(RecordedMetrics, LinesOfOneStepAreOneStepWhereTheirNamesDiffer) {
  const RecordedMetrics recorded = parse(
      "{\"step\": 1, \"grad/a\": 1}\n{\"step\": 1, \"grad/b\": 2, \"loss\": 3}\n"
      "{\"step\": 1, \"grad/a\": 4}\n{\"step\": 2, \"grad/b\": 5}\n");
  EXPECT_EQ(steps_of(recorded), (Steps{1, 1, 2}));
  EXPECT_EQ(recorded.steps[0].metrics.gradient_norms, (Norms{1, 2}));
  EXPECT_EQ(recorded.steps[0].metrics.loss, 3);
  EXPECT_FALSE(recorded.steps[1].metrics.loss.has_value());
}

TEST(RecordedMetrics, StepsAreCountedWhereNothingNamesThem) {
  EXPECT_EQ(steps_of(parse("{\"grad_norm\": 1}\n{\"grad_norm\": 2}\n")), (Steps{0, 1}));
  EXPECT_EQ(steps_of(parse(R"([{"gradient_norms": [1]}, {"gradient_norms": [2]}])")),
            (Steps{0, 1}));
  EXPECT_EQ(
      steps_of(parse("{\"epoch\": 3, \"grad_norm\": 1}\n{\"epoch\": 3.5, \"grad_norm\": 2}\n")),
      (Steps{3, std::nullopt}));
}

TEST(RecordedMetrics, ALineCutShortAtTheEndIsSkippedAndCounted) {
  const std::string whole =
      "{\"step\": 0, \"grad_norm\": 0.5}\n{\"step\": 1, \"grad_norm\": NaN}\n";
  const std::string last = "{\"step\": 2, \"grad_norm\": -Infinity, \"a\": true}";
  for (std::size_t length = 1; length < last.size(); ++length) {
    const RecordedMetrics recorded = parse(whole + last.substr(0, length));
    EXPECT_EQ(recorded.steps.size(), 2U) << length;
    EXPECT_EQ(recorded.skipped_lines, 1) << length;
  }
  EXPECT_EQ(refusal(whole + "{\"step\": 2,\n{\"step\": 3, \"grad_norm\": 1}"),
            "m.json: line 3: ends before its JSON does");
  EXPECT_EQ(refusal(whole + "\n{\"step\": x}\n"), "m.json: line 4: no JSON at byte 10");
  EXPECT_EQ(refusal(whole + "7\n"), "m.json: line 3: is not an object");
}

TEST(RecordedMetrics, TheTrainersStateIsRead) {
  const RecordedMetrics recorded = parse(recorded_file("trainer_state.json"));
  ASSERT_EQ(recorded.steps.size(), 10U);
  EXPECT_EQ(recorded.steps[7].step, 7);
  EXPECT_TRUE(std::isnan(recorded.steps[7].metrics.gradient_norms.at(0)));
  EXPECT_EQ(recorded.steps[6].metrics.loss, 2.0);
  const RecordedMetrics with_evaluations = parse(
      R"({"best_metric": null, "epoch": 2.0, "log_history": [)"
      R"({"step": 5, "epoch": 0.5, "loss": 1.0, "grad_norm": 0.5, "learning_rate": 1e-4},)"
      R"({"step": 5, "epoch": 0.5, "eval_loss": 1.0, "eval_runtime": 3.2},)"
      R"({"step": 6, "train_runtime": 1.5, "total_flos": 1e12, "train_loss": 0.5}], "max_steps": 6})");
  EXPECT_EQ(steps_of(with_evaluations), Steps{5});
  EXPECT_EQ(with_evaluations.records_without_norms, 2);
  EXPECT_EQ(refusal(R"({"log_history": [{"step": 5, "loss": 1.0}]})"),
            "m.json: \"log_history\" has no \"grad_norm\": transformers logs it since 4.38");
}

TEST(RecordedMetrics, ColumnsAreSteps) {
  const RecordedMetrics recorded =
      parse(R"({"step": [0, 10], "grad/a": [0.1, NaN], "loss": [1, 2], "model": "mlp"})");
  EXPECT_EQ(steps_of(recorded), (Steps{0, 10}));
  EXPECT_EQ(recorded.steps[0].metrics.gradient_norms, Norms{0.1});
  EXPECT_EQ(recorded.steps[1].metrics.loss, 2);
  EXPECT_EQ(refusal(R"({"step": [0, 1], "grad": [0.1]})"),
            "m.json: \"step\" has 2 entries, and others have 1");
}

TEST(RecordedMetrics, TheNormOfAllGradientsIsLeftOutBesideFiniteNorms) {
  const RecordedMetrics recorded = parse(
      "{\"step\": 0, \"grad/a\": 0.1, \"grad/b\": 0.2, \"grad_norm\": 0.3}\n"
      "{\"step\": 1, \"grad/a\": 0.1, \"grad/b\": 0.2, \"grad_norm\": NaN}\n"
      "{\"step\": 2, \"grad_norm\": 0.3}\n");
  EXPECT_EQ(recorded.steps[0].metrics.gradient_names, (Names{"grad/a", "grad/b"}));
  EXPECT_EQ(recorded.steps[1].metrics.gradient_names, (Names{"grad/a", "grad/b", "grad_norm"}));
  EXPECT_EQ(recorded.steps[2].metrics.gradient_names, Names{"grad_norm"});
}

TEST(RecordedMetrics, WhatHoldsNoNormsIsRefused) {
  const std::string none =
      "m.json: holds no gradient norms: no name has \"grad\" in it, and every other is known for "
      "something else";
  EXPECT_EQ(refusal("{}"), none);
  EXPECT_EQ(refusal(R"({"step": 1, "loss": 0.5, "lr": 0.1, "epoch": "grad"})"), none);
  EXPECT_EQ(
      refusal(R"({"step": 1, "loss": 0.5, "lr": 0.1, "fc1": "big"})"),
      "m.json: holds no gradient norms: \"fc1\" is \"big\", not a number, and no other name is "
      "that of a norm");
  EXPECT_EQ(refusal(R"({"gradients": {"_type": "histogram", "values": [1, 2]}})"), none);
  EXPECT_EQ(refusal("[]"), "m.json: is an empty array");
  EXPECT_EQ(refusal("[1, {}]"), "m.json: entry 1: is not an object");
  EXPECT_EQ(refusal(R"({"schema": "gradvitals.diagnosis/1"})"),
            "m.json: \"metrics\" is not an object");
  EXPECT_EQ(refusal(R"({"schema": "gradvitals.comparison/1", "networks": [1]})"),
            "m.json: network 1: a network is not an object");
}

TEST(RecordedMetrics, AValueThatIsNoneIsNamed) {
  EXPECT_EQ(refusal(R"({"a.weight": -0.5})"),
            "m.json: \"a.weight\" is negative, and a norm is not");
  EXPECT_EQ(refusal("{\"grad\": 1}\n{\"grad\": -1}\n"),
            "m.json: line 2: \"grad\" is negative, and a norm is not");
  EXPECT_EQ(refusal(R"({"step": 0.5, "grad": 1})"), "m.json: \"step\" is not a whole number");
  EXPECT_EQ(refusal(R"({"grad_norms": {"a": [1, "x"]}})"),
            "m.json: \"a[1]\" is \"x\", not a number");
  EXPECT_EQ(refusal(R"({"grad_norms": {"a": [1, []]}})"), "m.json: \"a[1]\" is not a number");
  EXPECT_EQ(refusal(R"({"grad_norms": {"a": [1, "0.5"]}})"),
            "m.json: \"a[1]\" is \"0.5\", not a number: write it without quotes");
  EXPECT_EQ(refusal(R"({"step": "later", "grad": 1})"), "m.json: \"step\" is not a whole number");
  EXPECT_EQ(refusal(R"([{"gradient_norms": [1]}, {"gradient_norms": [-1]}])"),
            "m.json: entry 2: \"gradient_norms[0]\" is negative");
  EXPECT_EQ(refusal("{\"grad\\u001b\": -1}"),
            "m.json: \"grad\\u001b\" is negative, and a norm is not");
}

TEST(RecordedMetrics, ALongNameIsNotCopiedForEveryStep) {
  const std::string longest(kMaxNormNameBytes - 4, 'x'), longer = longest + 'x';
  const std::string message = "m.json: name \"grad" + std::string(76, 'x') +
                              "...\" has 513 bytes, and that of a norm has at most 512";
  EXPECT_EQ(one_step(R"({"grad)" + longest + R"(": 1})").gradient_norms, Norms{1});
  EXPECT_EQ(refusal(R"({"grad)" + longer + R"(": 1})"), message);
  EXPECT_EQ(refusal(R"({"step": [0, 1], "grad)" + longer + R"(": [1, 2]})"), message);
  EXPECT_EQ(refusal(R"({"grad)" + longer + R"(": {"a": {"b": 1}, "c": 2}})"), message);
  EXPECT_EQ(refusal(R"({"norms": {"grad)" + longer + R"(": {"a": 1}}})"), message);
  EXPECT_EQ(one_step(R"({"fc.grad_norm": 0.1, "samples": {")" + longer + R"(": 0.5}, ")" + longer +
                     R"(": {"a": 0.5}})")
                .gradient_norms,
            Norms{0.1})
      << "a prompt as a key";
  EXPECT_EQ(parse("{\"note on " + longer + R"(": "text", "grad": 1})").steps.size(), 1U);
}

TEST(RecordedMetrics, AStepBeyondInt64IsNotWrappedAround) {
  EXPECT_EQ(refusal(R"({"schema": "gradvitals.diagnosis/1", "step": 18446744073709551615,)"
                    R"( "metrics": {"gradient_norms": [1]}})"),
            "m.json: \"step\" leaves the range of int64");
}

}  // namespace
}  // namespace gradvitals::test
