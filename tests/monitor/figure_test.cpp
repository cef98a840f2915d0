// The figure: what its script says, that no name can break out of it, and what gnuplot makes of it.
#include "monitor/report/figure/figure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/figure/figure_axis.h"
#include "monitor/report/figure/figure_foot.h"
#include "monitor/report/figure/gnuplot.h"
#include "monitor/report/figure/gnuplot_string.h"
#include "tests/monitor/fake_gnuplot.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

namespace fs = std::filesystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::string script_of(std::span<const NetworkReport> networks, RuleSet rules = RuleSet::kFull) {
  return figure_script(networks, rules, FigureFormat::kSvg);
}

class DrawnFigure : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      run_gnuplot("set print '-'; print 'here'\n");
    } catch (const GnuplotNotFound& error) {
      GTEST_SKIP() << error.what();
    }
  }
};

TEST(FigureFormat, IsReadFromTheEndingOfThePath) {
  EXPECT_EQ(figure_format("a/b.png"), FigureFormat::kPng);
  EXPECT_EQ(figure_format("b.SVG"), FigureFormat::kSvg);
  EXPECT_EQ(figure_format("b.tar.pdf"), FigureFormat::kPdf);
  EXPECT_EQ(figure_format("b.gp"), FigureFormat::kGnuplot);
  EXPECT_EQ(figure_format("b.jpg"), std::nullopt);
  EXPECT_EQ(figure_format("png"), std::nullopt);
  EXPECT_EQ(figure_format(""), std::nullopt);
}

TEST(GnuplotString, HoldsAnyTextAsOneLiteralOnOneLine) {
  EXPECT_EQ(gnuplot_string("it's"), "'it''s'");
  EXPECT_EQ(gnuplot_string("'"), "' '''") << "a literal must not begin with a doubled quote";
  EXPECT_EQ(gnuplot_string("`touch x` $(y) \"z\" \\"), "'`touch x` $(y) \"z\" \\'");
  EXPECT_EQ(gnuplot_string("a\nset output"), "'a\\nset output'");
  EXPECT_EQ(gnuplot_tick_string("50 %d"), "'50 %%d'");
}

TEST(FigureAxis, HoldsEveryBarAndTheNotebooksLimits) {
  for (const double norm : {1e-6, 1e-45, 1e-7, 0.5, 1e30, 1e300}) {
    const std::vector<NetworkReport> networks = {network_with_norms("n", {norm})};
    const Decades axis = figure_axes(networks).front();
    EXPECT_LT(axis.low, std::min(-6.0, std::log10(norm))) << norm;
    EXPECT_GT(axis.high, std::max(1.0, std::log10(norm))) << norm;
    EXPECT_EQ(foot_label(norm, axis), std::nullopt) << norm;
  }
}

TEST(FigureAxis, IsSharedUnlessOneNetworkWouldFlattenTheOthers) {
  const std::vector<Decades> near = figure_axes(three_networks());
  EXPECT_EQ(near[0].low, near[2].low);
  EXPECT_EQ(near[0].high, near[2].high);
  const std::vector<NetworkReport> networks = {network_with_norms("a", {0.1}),
                                               network_with_norms("b", {1e30})};
  const std::vector<Decades> far = figure_axes(networks);
  EXPECT_LT(far[0].high, far[1].high);
}

TEST(FigureAxis, HasAFewTicksWhateverItsRange) {
  for (const double high : {2.0, 8.0, 30.0, 305.0}) {
    const std::vector<int> ticks = tick_exponents({-7.0, high});
    EXPECT_GE(ticks.size(), 4u) << high;
    EXPECT_LE(ticks.size(), 11u) << high;
    EXPECT_GE(ticks.front(), -7) << high;
    EXPECT_LE(ticks.back(), high) << high;
  }
  EXPECT_LE(tick_exponents({kLowestExponent, kHighestExponent}).size(), 11u);
}

TEST(FigureAxis, WhatHasNoBarHasALabel) {
  const Decades axis{-7.0, 2.0};
  EXPECT_EQ(foot_label(0.0, axis), "0");
  EXPECT_EQ(foot_label(-0.0, axis), "0");
  EXPECT_EQ(foot_label(kNan, axis), "NaN");
  EXPECT_EQ(foot_label(kInf, axis), "Inf");
  EXPECT_EQ(foot_label(-kInf, axis), "-Inf");
  EXPECT_EQ(foot_label(-1.0, axis), "-1.0e+00");
  EXPECT_EQ(foot_label(1e-310, {kLowestExponent, 2.0}), "1.0e-310");
  EXPECT_EQ(foot_label(1e-5, axis), std::nullopt);
}

TEST(FigureScript, DrawsBothPanelsOfEveryNetworkWithTheNotebooksLimits) {
  const std::string script = script_of(three_networks());
  EXPECT_EQ(count_of(script, "\nplot $norms "), 3);
  EXPECT_EQ(count_of(script, "\nplot $statistics "), 3);
  for (const char* limit : {"'Vanished' at graph", "'Weak' at graph", "'Exploding' at graph"}) {
    EXPECT_EQ(count_of(script, limit), 3) << limit;
  }
}

TEST(FigureScript, TheLegendHasAnEntryForEachClassThatHasABarAndNoOther) {
  const auto entries = [](const std::vector<double>& norms) {
    const std::string script =
        script_of(std::vector{network_with_norms("n", norms)}, RuleSet::kNotebook);
    std::vector<std::string> titles;
    for (const char* title : {"Vanished < 1e-6", "Weak < 1e-4", "Healthy", "Exploding > 10"}) {
      if (contains(script, "title '" + std::string(title) + "'")) titles.emplace_back(title);
    }
    return titles;
  };
  using Titles = std::vector<std::string>;
  EXPECT_EQ(entries({0.1, 0.2}), (Titles{"Healthy"}));
  EXPECT_EQ(entries({1e-7, 20.0}), (Titles{"Vanished < 1e-6", "Exploding > 10"}));
  EXPECT_EQ(entries({0.0, kNan}), Titles{});
}

TEST(FigureScript, VanishedBarsOfANetworkThatExplodesAreNotCalledVanished) {
  NetworkReport network = judged("n", "", named_metrics({1e-7, 1e-5, 0.1, 20.0}));
  network.diagnosis.verdict = Verdict::kExploding;
  network.diagnosis.severity = Severity::kCritical;
  Finding finding;
  finding.rule = RuleId::kForwardGain;
  finding.severity = Severity::kCritical;
  finding.verdict = Verdict::kExploding;
  network.diagnosis.findings = {finding};
  const std::string script = script_of(std::vector{network});
  EXPECT_TRUE(contains(script, "\n1 1e-07 4\n2 1e-05 4\n3 0.1 4\n4 20 3\nEND\n"));
  EXPECT_FALSE(contains(script, "title 'Vanished"));
  EXPECT_TRUE(contains(script, "title 'exploding'"));
  EXPECT_TRUE(contains(script, "'exploding  ·  R3 Forward gain per hidden layer'"));
  network.diagnosis.verdict = network.diagnosis.findings[0].verdict = Verdict::kVanishing;
  EXPECT_TRUE(
      contains(script_of(std::vector{network}), "\n1 1e-07 0\n2 1e-05 1\n3 0.1 4\n4 20 4\nEND\n"));
}

TEST(FigureScript, ClassesAreTheNotebooksColors) {
  const std::vector<NetworkReport> networks = {
      network_with_norms("n", {9e-7, 1e-6, 9e-5, 1e-4, 10.0, 10.5})};
  // "index norm class": vanished 0, weak 1, healthy 2, exploding 3.
  EXPECT_TRUE(contains(script_of(networks),
                       "\n1 9e-07 0\n2 1e-06 1\n3 9e-05 1\n4 0.0001 2\n5 10 2\n6 10.5 3\nEND\n"));
}

TEST(FigureScript, BarsOfASickNetworkAreNotCalledHealthy) {
  const std::vector<NetworkReport> vanishing = {sigmoid_network()};
  const std::string full = script_of(vanishing);
  EXPECT_TRUE(contains(full, "\n1 0.0002 4\n2 6.5e-06 1\n")) << "a weak norm stays weak";
  EXPECT_TRUE(
      contains(full, "($3 == 4 ? $2 : NaN) with boxes linecolor rgb '#b36b00' title 'vanishing'"));
  EXPECT_FALSE(contains(full, "title 'Healthy'"));
  const std::string seed = script_of(vanishing, RuleSet::kNotebook);
  EXPECT_TRUE(contains(seed, "\n1 0.0002 2\n2 6.5e-06 1\n"));
  EXPECT_TRUE(contains(seed, "title 'Healthy'"));
}

TEST(FigureScript, OfASickTensorItsBarAloneIsNotHealthy) {
  NetworkReport network = judged("n", "", named_metrics({0.1, 0.2, 0.3, 0.4}));
  network.diagnosis.verdict = Verdict::kDead;
  network.diagnosis.severity = Severity::kCritical;
  Finding finding;
  finding.severity = Severity::kCritical;
  finding.verdict = Verdict::kDead;
  finding.tensor = "dense_1";
  network.diagnosis.findings = {finding};
  const std::string script = script_of(std::vector{network});
  EXPECT_TRUE(contains(script, "\n1 0.1 2\n2 0.2 2\n3 0.3 4\n4 0.4 4\n"));
  EXPECT_TRUE(contains(script, "title 'Healthy'"));
  EXPECT_TRUE(contains(script, "title 'dead'"));
}

TEST(FigureScript, BarsOfRecordedNormsHaveTheirNames) {
  HealthMetrics metrics = metrics_from_norms({0.1, 0.2});
  metrics.gradient_names = {"attn.weight", "mlp.weight"};
  EXPECT_TRUE(contains(script_of(std::vector{judged("n", "", metrics)}),
                       "set xtics ('attn.weight' 1, 'mlp.weight' 2)"));
}

TEST(FigureScript, ZeroNanAndInfiniteNormsAreLabelsNotBars) {
  const std::vector<NetworkReport> networks = {
      judged("odd", "", named_metrics({0.0, kNan, 1e-3, kInf}))};
  const std::string script = script_of(networks);
  EXPECT_TRUE(contains(script, "set label '0' at 1,1e-07 center"));
  EXPECT_TRUE(contains(script, "set label 'NaN' at 2,1e-07 center"));
  EXPECT_TRUE(contains(script, "set label 'Inf' at 4,1e-07 center"));
  EXPECT_TRUE(contains(script, "$norms << END\n0 NaN 0\n3 0.001 2\nEND\n"));
}

TEST(FigureScript, ANormThatIsNoNumberHasAColumnFromFootToTop) {
  const std::string script =
      script_of(std::vector{judged("odd", "", named_metrics({0.0, kNan, 1e-3, kInf}))});
  EXPECT_TRUE(contains(script, "$non_finite << END\n2 100\n4 100\nEND\n"));
  EXPECT_TRUE(contains(script, "title 'NaN or Inf'"));
  EXPECT_FALSE(contains(script_of(std::vector{relu_network()}), "NaN or Inf"));
}

TEST(FigureScript, OfManyBarsThoseAtFaultAreNamed) {
  std::vector<double> norms(60, 0.1);
  norms[31] = kNan;
  const std::string script = script_of(std::vector{judged("n", "", named_metrics(norms))});
  EXPECT_TRUE(contains(script, "'non_finite  ·  R1 NaN or Inf: dense_15/bias'"));
  EXPECT_TRUE(contains(script, "'32: dense_15/bias, NaN'"));
  EXPECT_TRUE(contains(script, "'26' 26, '32' 32, '41' 41")) << "its number is on the axis";
  EXPECT_FALSE(contains(script, "31: dense"));
}

TEST(FigureScript, TheSubtitleKeepsTheTensorBeforeTheRulesTitle) {
  HealthMetrics metrics = metrics_from_norms({0.1, 0.0});
  metrics.gradient_names = {"model.layers.3.mlp.down.weight", "model.layers.3.mlp.up.weight"};
  EXPECT_TRUE(contains(script_of(std::vector{judged("n", "", metrics)}),
                       "'vanishing  ·  R13: model.layers.3.mlp.up.weight'"));
}

TEST(FigureScript, OfManyBarsAtFaultSomeAreNamedAndTheOthersCounted) {
  std::vector<double> norms(60, 0.1);
  for (const std::size_t place : {5, 6, 7, 8, 9}) norms[place] = 0.0;
  const std::string script = script_of(std::vector{judged("n", "", named_metrics(norms))});
  EXPECT_TRUE(contains(script, "'6: dense_2/bias, 0'"));
  EXPECT_TRUE(contains(script, "'7: dense_3/kernel, 0'"));
  EXPECT_TRUE(contains(script, "'and 3 more'"));
  EXPECT_FALSE(contains(script, "'8: "));
  EXPECT_FALSE(contains(
      script_of(std::vector{judged("n", "", named_metrics(norms))}, RuleSet::kNotebook), "'6: "));
}

TEST(FigureScript, ManyBarsWithoutNamesAreCalledByTheirNumber) {
  std::vector<double> norms(60, 0.1);
  norms[3] = kInf;
  EXPECT_TRUE(contains(script_of(std::vector{network_with_norms("n", norms)}), "'4: Inf'"));
}

TEST(FigureScript, DenseLabelsOfNeighboursAreOne) {
  std::vector<double> norms(100, 0.0);
  norms[40] = 0.5;
  const std::string script = script_of(std::vector{network_with_norms("zeros", norms)});
  EXPECT_TRUE(contains(script, "set label '0 (40 times)' at 20.5,"));
  EXPECT_TRUE(contains(script, "set label '0 (59 times)' at 71,"));
}

TEST(FigureScript, LabelsAtTheFootOfNeighboursNeverOverlap) {
  const Decades axis{-7.0, 2.0};
  constexpr int kPixels = 428;
  for (const std::size_t bars : {2U, 5U, 12U, 24U, 25U, 60U, 300U}) {
    std::vector<double> norms(bars, 0.1);
    for (std::size_t i = 0; i < bars; ++i) {
      if (i % 5 == 1) norms[i] = kNan;
      if (i % 5 == 2) norms[i] = 0.0;
      if (i % 5 == 3) norms[i] = 1e-320;
    }
    const FootLabels foot = foot_labels(norms, axis, kPixels);
    const BarRange range = bar_range(bars);
    const double pitch = kPixels / (range.high - range.low);
    // Bold figures of 10 points are 8.6 pixels wide and 13 high.
    double end = -1e9;
    for (const FootLabel& label : foot.labels) {
      const double half = foot.are_upright ? 6.5 : 8.6 * static_cast<double>(label.text.size()) / 2;
      EXPECT_GE(label.middle * pitch - half, end) << bars << " bars, " << label.text;
      end = label.middle * pitch + half;
    }
    EXPECT_EQ(foot.has_left_out, bars > 24U) << bars;
  }
}

TEST(FigureScript, WhatHasNoRoomForALabelHasAPoint) {
  std::vector<double> norms(60, 0.1);
  for (std::size_t i = 0; i < norms.size(); i += 2) norms[i] = i % 4 == 0 ? 0.0 : 1e-320;
  const std::string script = script_of(std::vector{network_with_norms("n", norms)});
  EXPECT_TRUE(contains(script, "$barless << END\n0 NaN\n1 1e-07\n3 1e-07\n5 1e-07\n"));
  EXPECT_TRUE(contains(script, "title '0 or tiny'"));
  norms = {0.1, 0.0};
  EXPECT_FALSE(contains(script_of(std::vector{network_with_norms("n", norms)}), "0 or tiny"));
}

TEST(FigureScript, OneNormBelowTheAxisDoesNotFlattenTheOthers) {
  const std::vector<NetworkReport> networks = {network_with_norms("n", {1e-320, 0.1})};
  EXPECT_EQ(figure_axes(networks).front().low, -7.0);
}

TEST(FigureScript, NamesOfLimitsStayApartOnALongAxis) {
  const std::string script = script_of(std::vector{network_with_norms("n", {1e-290, 1e30})});
  std::vector<double> heights;
  for (const std::string title : {"'Vanished'", "'Weak'", "'Exploding'"}) {
    const std::string before = "set label " + title + " at graph 1.01, graph ";
    const std::size_t at = script.find(before);
    ASSERT_NE(at, std::string::npos) << title;
    heights.push_back(430.0 * std::stod(script.substr(at + before.size(), 8)));
  }
  // Letters of 9 points are 12 pixels high.
  EXPECT_GE(heights[1] - heights[0], 14.0);
  EXPECT_GE(heights[2] - heights[1], 14.0);
}

TEST(FigureScript, TextsEndWithinTheirCell) {
  HealthMetrics metrics = named_metrics(std::vector<double>(40, 0.0));
  for (TensorRecord& tensor : metrics.tensors) tensor.name = std::string(90, 'W');
  const std::string name(90, 'W');
  const std::string script = script_of(std::vector{judged(name, "", metrics)});
  EXPECT_FALSE(contains(script, name));
  // A W of 9.5 points is 12.5 pixels wide, and a cell 600.
  EXPECT_FALSE(contains(script, std::string(48, 'W')));
  EXPECT_TRUE(contains(script, "WWW…WWW"));
}

TEST(FigureScript, WhatTheFontLacksIsAnEscapeExceptInSvg) {
  // gnuplot 5.4 draws a box as large as the page for a character that its font has not.
  HealthMetrics metrics = named_metrics({0.1, 0.2});
  metrics.tensors[0].name = "层/kernel";
  metrics.tensors[1].name = "😀/βias é";
  const std::vector<NetworkReport> networks = {judged("网", "", metrics)};
  const std::string png = figure_script(networks, RuleSet::kFull, FigureFormat::kPng);
  EXPECT_TRUE(contains(png, "'\\u7f51'"));
  EXPECT_TRUE(contains(png, "'\\u5c42/kernel' 1, '\\u1f600/βias é' 2"));
  EXPECT_TRUE(contains(script_of(networks), "'层/kernel' 1, '😀/βias é' 2"));
}

TEST(FigureScript, StatisticsAreLabelledAtFortyFiveDegrees) {
  const std::string script = script_of(std::vector{exploding_network()});
  EXPECT_TRUE(contains(script, "set label '2.3e+07' at 2,23000000 left rotate by 45"));
  EXPECT_TRUE(contains(script, "'Min' 1, 'Max' 2, 'Mean' 3, 'Std' 4"));
}

TEST(FigureScript, BarsAreNamedWhileThereIsRoomElseNumbered) {
  EXPECT_TRUE(
      contains(script_of(std::vector{sigmoid_network()}), "'dense_4/kernel' 9, 'dense_4/bias' 10"));
  const std::string many =
      script_of(std::vector{judged("n", "", named_metrics(std::vector<double>(60, 0.1)))});
  EXPECT_FALSE(contains(many, "kernel"));
  EXPECT_TRUE(contains(many, "'1' 1, '6' 6, '11' 11"));
  EXPECT_TRUE(contains(script_of(std::vector{network_with_norms("n", {0.1, 0.2})}),
                       "set xtics ('1' 1, '2' 2)"));
}

TEST(FigureScript, SubtitleHoldsTheVerdictOnlyWithTheFullRules) {
  const std::vector<NetworkReport> networks = three_networks();
  const std::string full = script_of(networks);
  EXPECT_TRUE(contains(full, "'notebook score 8/8 EXCELLENT'"));
  EXPECT_TRUE(contains(full, "'vanishing  ·  backward factor is 0.0138 (healthy: at least 0.03)'"));
  const std::string seed = script_of(networks, RuleSet::kNotebook);
  EXPECT_TRUE(contains(seed, "'notebook score 8/8 EXCELLENT'"));
  EXPECT_FALSE(contains(seed, "vanishing"));
}

/// Steps 0, 10, ... of a run.
std::vector<NetworkReport> steps_with_norms(const std::vector<double>& norms) {
  std::vector<NetworkReport> steps;
  for (const double norm : norms) {
    HealthMetrics metrics = named_metrics({norm, norm / 2});
    metrics.step = 10 * std::ssize(steps);
    steps.push_back(judged("step " + std::to_string(*metrics.step), "", metrics));
  }
  return steps;
}

RunDiagnosis diagnosis_of_run(const std::vector<NetworkReport>& reports) {
  std::vector<RunStep> steps;
  for (const NetworkReport& report : reports) {
    steps.push_back({report.metrics.step, report.name, &report.metrics, &report.diagnosis});
  }
  return diagnose_run(steps);
}

std::string script_of_run(const std::vector<NetworkReport>& steps, RuleSet rules) {
  const RunDiagnosis run = diagnosis_of_run(steps);
  return figure_script(steps, rules, FigureFormat::kSvg, {}, &run);
}

TEST(FigureScript, OfARunIsALineOverItsStepsWithTheFirstBadOneMarked) {
  const std::vector<NetworkReport> run = steps_with_norms({0.3, 0.4, 0.5, 5000.0, 6000.0, 7000.0});
  const std::string script = script_of_run(run, RuleSet::kFull);
  EXPECT_EQ(count_of(script, "\nplot "), 1);
  EXPECT_TRUE(contains(script, "$largest << END\n0 0.3\n10 0.4\n20 0.5\n30 5000\n"));
  EXPECT_TRUE(contains(script, "$smallest << END\n0 0.15\n"));
  EXPECT_TRUE(contains(script, "set arrow from 30, graph 0 to 30, graph 1"));
  EXPECT_TRUE(contains(script, "'exploding  ·  first bad step 30'"));
  EXPECT_TRUE(contains(script, "set logscale y"));
  const std::string seed = script_of_run(run, RuleSet::kNotebook);
  EXPECT_FALSE(contains(seed, "set arrow"));
  EXPECT_FALSE(contains(seed, "exploding"));
  EXPECT_EQ(script_of(run), seed) << "the figure judges the run by itself";
  const std::string healthy = script_of_run(steps_with_norms({0.3, 0.4}), RuleSet::kFull);
  EXPECT_FALSE(contains(healthy, "set arrow"));
  EXPECT_TRUE(contains(healthy, "'healthy'"));
}

TEST(FigureScript, StepsOfARunWithoutANormHaveAMark) {
  const std::string script = script_of(steps_with_norms({0.3, kNan, 0.0, 0.4}));
  EXPECT_TRUE(contains(script, "$all << END\n0 0.33541"));
  EXPECT_TRUE(contains(script, "\n10 NaN\n20 NaN\n30 0.44"));
  EXPECT_TRUE(contains(script, "$nonfinite << END\n0 NaN\n10 1\nEND\n")) << "at the top";
  EXPECT_TRUE(contains(script, "$zero << END\n0 NaN\n20 0.01\nEND\n")) << "at the foot";
  EXPECT_TRUE(contains(script, "title 'NaN or Inf'"));
  EXPECT_TRUE(contains(script, "title 'zero'"));
  const std::string finite = script_of(steps_with_norms({0.3, 0.4}));
  EXPECT_FALSE(contains(finite, "title 'zero'"));
  EXPECT_FALSE(contains(finite, "title 'NaN or Inf'"));
}

TEST(FigureScript, TheStepsOfARunAreWholeNumbers) {
  std::vector<NetworkReport> steps = steps_with_norms({0.3, 0.4, 0.5});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i].metrics.step = 5 + static_cast<std::int64_t>(i);
  }
  EXPECT_TRUE(contains(script_of(steps), "set xtics ('5' 0, '6' 1, '7' 2)"));
}

TEST(FigureScript, NetworksWithoutAStepOrOutOfOrderAreNoRun) {
  std::vector<NetworkReport> steps = steps_with_norms({0.3, 0.4, 0.5});
  steps[1].metrics.step = std::nullopt;
  EXPECT_EQ(count_of(script_of(steps), "\nplot $norms "), 3);
  steps[1].metrics.step = 0;
  EXPECT_EQ(count_of(script_of(steps), "\nplot $norms "), 3);
  steps[1].metrics.step = 5;
  EXPECT_EQ(count_of(script_of(steps), "\nplot $norms "), 0);
}

TEST_F(DrawnFigure, OfARunIsDrawnWhateverItsNorms) {
  for (const std::vector<double>& norms : {std::vector<double>{0.3, 0.4},
                                           {kNan, kInf, 0.0},
                                           {1e300, 1e-300, 0.0},
                                           std::vector<double>(1000, 0.1)}) {
    const std::string svg =
        render_figure(steps_with_norms(norms), RuleSet::kFull, FigureFormat::kSvg, "ignored");
    EXPECT_EQ(count_of(svg, "<text>all gradients</text>"), 1) << norms.size();
  }
}

TEST(FigureScript, RefusesNoNetworkAndMoreThanAPageHolds) {
  EXPECT_THROW(figure_script({}, RuleSet::kFull, FigureFormat::kPng), std::invalid_argument);
  const std::vector<NetworkReport> many(49, relu_network());
  EXPECT_THROW(figure_script(many, RuleSet::kFull, FigureFormat::kPng), std::invalid_argument);
}

TEST(RenderedScript, NeedsNoGnuplotAndNamesItsOwnImage) {
  const TemporaryFolder empty;
  const PathVariable path(empty.path());
  const std::string script =
      render_figure(three_networks(), RuleSet::kFull, FigureFormat::kGnuplot, "out/it's.gp");
  EXPECT_TRUE(contains(script, "set output 'it''s.png'\n"));
  EXPECT_TRUE(contains(script, "set terminal pngcairo noenhanced"));
  EXPECT_TRUE(
      contains(render_figure(three_networks(), RuleSet::kFull, FigureFormat::kGnuplot, "out/'.gp"),
               "set output './''.png'\n"));
}

TEST_F(DrawnFigure, EveryFormatBeginsAsItShould) {
  const std::vector<NetworkReport> networks = three_networks();
  const auto drawn = [&](FigureFormat format) {
    return render_figure(networks, RuleSet::kFull, format, "ignored");
  };
  EXPECT_TRUE(drawn(FigureFormat::kPng).starts_with("\x89PNG\r\n"));
  EXPECT_TRUE(drawn(FigureFormat::kPdf).starts_with("%PDF"));
  const std::string svg = drawn(FigureFormat::kSvg);
  EXPECT_TRUE(svg.starts_with("<?xml"));
  EXPECT_TRUE(svg.ends_with("</svg>\n\n") || svg.ends_with("</svg>\n"))
      << svg.substr(svg.size() - 20);
}

TEST_F(DrawnFigure, ShowsNamesLimitsLegendAndValues) {
  const std::string svg =
      render_figure(three_networks(), RuleSet::kFull, FigureFormat::kSvg, "ignored");
  for (const char* text :
       {"Sigmoid Network", "ReLU Network", "Exploding Network", "dense_4/kernel", "2.3e+07",
        "Weak &lt; 1e-4", "Exploding > 10", "Vanished", "Exploding", "Gradient Magnitude"}) {
    EXPECT_TRUE(contains(svg, "<text>" + std::string(text) + "</text>")) << text;
  }
  EXPECT_EQ(count_of(svg, "<text>Health Metrics Summary</text>"), 3);
}

TEST_F(DrawnFigure, EveryKindOfNumberCanBeDrawn) {
  const std::vector<NetworkReport> networks = {
      network_with_norms("all zero", {0.0, 0.0}),
      network_with_norms("nothing finite", {kNan, kInf}),
      network_with_norms("no gradients", {}),
      network_with_norms("huge", {1e30, 1.7e308}),
      network_with_norms("tiny", {5e-324, 1e-38}),
      network_with_norms("one", {1.0}),
      network_with_norms("many", std::vector<double>(300, 0.1)),
  };
  for (const NetworkReport& network : networks) {
    const std::string svg =
        render_figure({&network, 1}, RuleSet::kFull, FigureFormat::kSvg, "ignored");
    EXPECT_EQ(count_of(svg, "<text>Exploding</text>"), 1) << network.name << " has lost its limits";
    EXPECT_EQ(count_of(svg, "<text>Std</text>"), 1) << network.name << " has lost its statistics";
  }
  EXPECT_NO_THROW(render_figure(networks, RuleSet::kFull, FigureFormat::kPng, ""));
}

TEST_F(DrawnFigure, AHostileNameIsOnlyAName) {
  const TemporaryFolder folder;
  const std::string file = folder.file("made");
  const std::vector<std::string> names = {
      "`touch " + file + "`",
      "$(touch " + file + ")",
      "'; system('touch " + file + "'); '",
      "x\nsystem('touch " + file + "')\n",
      "x\nEND\n!touch " + file + "\n",
      "\" . system(\"touch " + file + "\") . \"",
      "50 %d %n {^_@} \\",
      "\xff\xfe",
  };
  for (const std::string& name : names) {
    HealthMetrics metrics = named_metrics({0.1, 0.0});
    for (TensorRecord& tensor : metrics.tensors) tensor.name = name;
    const NetworkReport network = judged(name, name, metrics);
    EXPECT_NO_THROW(render_figure({&network, 1}, RuleSet::kFull, FigureFormat::kSvg, "")) << name;
    EXPECT_FALSE(fs::exists(file)) << name;
  }
}

TEST_F(DrawnFigure, AScriptThatFailsIsAnErrorWithGnuplotsWords) {
  const std::string message = message_of_run("set terminal svg\nplot nonsense((\n");
  EXPECT_TRUE(contains(message, "gnuplot exited with 1: ")) << message;
  EXPECT_TRUE(contains(message, "nonsense")) << message;
}

}  // namespace
}  // namespace gradvitals::test
