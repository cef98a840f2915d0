// The figure of a run that was judged step by step: its axes, what is drawn of which tensor and step, what its
// script says, and that gnuplot draws it. Oracle: runs of known values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "monitor/history/run_series.h"
#include "monitor/report/figure/drawable_text.h"
#include "monitor/report/figure/figure.h"
#include "monitor/report/figure/gnuplot.h"
#include "monitor/report/figure/heat_panel.h"
#include "monitor/report/figure/layer_panel.h"
#include "monitor/report/figure/run_view.h"
#include "monitor/report/figure/step_axis.h"
#include "monitor/report/figure/tensor_panel.h"
#include "monitor/report/figure/value_axis.h"
#include "monitor/report/seen_run.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();
constexpr double kEndless = std::numeric_limits<double>::infinity();

constexpr StepContext kFigureCheckup{.is_checkup = true};

struct FigureRun {
  TrajectoryReport report;
  RunSeries series;
};

/// Norm of a tensor at a step.
using NormAt = std::function<double(std::int64_t step, std::size_t tensor)>;

/// Judged by the product, with one kernel a layer.
FigureRun drawn_run(std::int64_t steps, std::size_t tensors, const NormAt& norm_at,
                    const std::string& name = "dense") {
  FigureRun run;
  HealthTracker tracker;
  run.report.name = "run.jsonl";
  for (std::int64_t step = 0; step < steps; ++step) {
    std::vector<double> norms;
    std::vector<TensorRecord> records;
    for (std::size_t i = 0; i < tensors; ++i) {
      norms.push_back(norm_at(step, i));
      records.push_back(tensor_with_norm(name + "_" + std::to_string(i) + "/kernel",
                                         Role::kGradient, static_cast<int>(i), norms.back()));
    }
    HealthMetrics metrics = metrics_from_norms(norms);
    metrics.tensors = std::move(records);
    metrics.step = step;
    metrics.loss = 1.0 / static_cast<double>(step + 1);
    const auto events = tracker.add(metrics, kFigureCheckup);
    see_step(run.report,
             {.step = step, .loss = metrics.loss, .metrics = &metrics, .events = events});
    run.series.add(metrics, kFigureCheckup, tracker.vital_signs());
  }
  add_judgement(run.report, tracker, {});
  return run;
}

double healthy_norm(std::int64_t step, std::size_t tensor) {
  return 0.1 + 0.01 * static_cast<double>((step + static_cast<std::int64_t>(tensor)) % 5);
}

std::string script_of(const FigureRun& run, FigureFormat format = FigureFormat::kPng) {
  return figure_script(run.report, run.series, format);
}

RunView view_of(const FigureRun& run) {
  return gradvitals::view_of(run.report, run.series, FigureFormat::kSvg);
}

std::vector<std::string> tick_texts(const StepAxis& axis, int pixels) {
  std::vector<std::string> texts;
  for (const StepTick& tick : axis.ticks(pixels)) texts.push_back(tick.text);
  return texts;
}

using TickTexts = std::vector<std::string>;

TEST(StepAxis, HasWholeStepsAlone) {
  EXPECT_EQ(tick_texts({0, 1}, 1000), (TickTexts{"0", "1"}));
  EXPECT_EQ(tick_texts({5, 9}, 1000), (TickTexts{"5", "6", "7", "8", "9"}));
  EXPECT_EQ(tick_texts({7, 7}, 1000), TickTexts{"7"});
  EXPECT_EQ(tick_texts({0, 99'999}, 1000),
            (TickTexts{"0", "20,000", "40,000", "60,000", "80,000"}));
  EXPECT_EQ(tick_texts({99, 1234}, 300), (TickTexts{"500", "1,000"}));
}

TEST(StepAxis, HoldsStepsThatFloat64DoesNotTellApart) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  const StepAxis axis(kLast - 3, kLast);
  EXPECT_EQ(axis.at(kLast - 2), 1.0);
  EXPECT_EQ(axis.at(kLast), 3.0);
  EXPECT_EQ(tick_texts(axis, 1000).size(), 4U);
  EXPECT_EQ(tick_texts(axis, 1000).back(), "9,223,372,036,854,775,807");
  EXPECT_LE(tick_texts(axis, 300).size(), 2U);
}

TEST(StepAxis, TicksAreFewAndLieOnIt) {
  for (const std::int64_t last : {std::int64_t{1}, std::int64_t{10}, std::int64_t{12'345},
                                  std::numeric_limits<std::int64_t>::max()}) {
    for (const int pixels : {10, 290, 1010}) {
      const StepAxis axis(0, last);
      const std::vector<StepTick> ticks = axis.ticks(pixels);
      ASSERT_FALSE(ticks.empty());
      EXPECT_LE(ticks.size(), 10U) << last;
      for (const StepTick& tick : ticks) {
        EXPECT_GE(tick.at, axis.low());
        EXPECT_LE(tick.at, axis.high());
      }
    }
  }
}

TEST(ValueAxis, ZeroAndWhatIsNoNumberHaveTicksOfTheirOwn) {
  ValueAxis axis(AxisScale::kLogarithmic);
  axis.include(1e-4);
  axis.include(1.0);
  EXPECT_EQ(axis.tick_list(200), "('1e-4' 1e-4, '1e-3' 1e-3, '1e-2' 1e-2, '1e-1' 1e-1, '1e0' 1e0)");
  axis.include(0.0);
  axis.include_nonfinite();
  EXPECT_TRUE(contains(axis.tick_list(200), "'0' ")) << axis.tick_list(200);
  EXPECT_TRUE(contains(axis.tick_list(200), "'NaN, Inf' "));
  EXPECT_LT(axis.zero(), axis.number_low());
  EXPECT_GT(axis.nonfinite(), axis.number_high());
  EXPECT_EQ(axis.at(0.0), axis.zero());
}

TEST(ValueAxis, OfNothingButZerosTellsNoNumbers) {
  ValueAxis axis(AxisScale::kLogarithmic);
  axis.include(0.0);
  EXPECT_TRUE(axis.tick_list(200).starts_with("('0' "));
  EXPECT_EQ(count_of(axis.tick_list(200), "'"), 2);
  EXPECT_EQ(ValueAxis(AxisScale::kLinear).tick_list(200), "()");
}

TEST(ValueAxis, OfAnyValuesIsWhatGnuplotCanCount) {
  for (const double value : {5e-324, 1e-300, 1.0, 1e300, 1.7e308}) {
    ValueAxis axis(AxisScale::kLogarithmic);
    axis.include(value);
    axis.include(1.0);
    axis.include(0.0);
    axis.include_nonfinite();
    EXPECT_GT(axis.zero(), 0.0) << value;
    EXPECT_TRUE(std::isfinite(axis.nonfinite())) << value;
    EXPECT_LE(count_of(axis.tick_list(105), "'"), 2 * 5) << axis.tick_list(105);
    ValueAxis linear(AxisScale::kLinear);
    linear.include(value);
    linear.include(-value);
    EXPECT_TRUE(std::isfinite(linear.number_high() - linear.number_low())) << value;
  }
}

TEST(ValueAxis, ALinearOneCountsThroughZero) {
  ValueAxis axis(AxisScale::kLinear);
  axis.include(-1.0);
  axis.include(1.0);
  EXPECT_EQ(axis.tick_list(130), "('-1' -1, '-0.5' -0.5, '0' 0, '0.5' 0.5, '1' 1)");
}

TEST(DrawableText, IsAboutAsWideAsItIsDrawn) {
  // Advance widths of DejaVu Sans, in em: W 0.989, a 0.613, i 0.278.
  for (const auto& [text, ems] :
       {std::pair<std::string, double>{"WWWW", 3.96}, {"aaaa", 2.45}, {"iiii", 1.11}}) {
    const double pixels = ems * 12.0 * 96.0 / 72.0;
    EXPECT_GE(drawn_width(text, 12.0), pixels) << text;
    EXPECT_LE(drawn_width(text, 12.0), 1.6 * pixels) << text;
  }
  EXPECT_EQ(fitted("short", 12.0, 100.0), "short");
  EXPECT_LE(drawn_width(fitted(std::string(100, 'W'), 12.0, 200.0), 12.0), 200.0);
}

TEST(HeatGrid, ShowsWhereItBeganAndHowItSpread) {
  const FigureRun run = drawn_run(10, 4, [](std::int64_t step, std::size_t tensor) {
    if (tensor == 3 && step < 2) return 0.0;
    return step + static_cast<std::int64_t>(tensor) >= 9 ? kNotFinite : 0.5;
  });
  const RunView view = view_of(run);
  const HeatGrid grid(view, layer_rows(view));
  ASSERT_EQ(grid.rows(), 4U);
  ASSERT_EQ(grid.columns(), 10U);
  EXPECT_EQ(grid.at(3, 0).kind, HeatKind::kZero);
  EXPECT_EQ(grid.at(3, 5).kind, HeatKind::kFinite);
  EXPECT_EQ(grid.at(3, 5).norm, 0.5);
  EXPECT_EQ(grid.at(3, 6).kind, HeatKind::kNonFinite);
  EXPECT_EQ(grid.at(0, 8).kind, HeatKind::kFinite);
  EXPECT_EQ(grid.at(0, 9).kind, HeatKind::kNonFinite);
}

TEST(HeatGrid, OfManyLayersACellShowsTheWorst) {
  const FigureRun run = drawn_run(3, 400, [](std::int64_t step, std::size_t tensor) {
    if (step == 1 && tensor == 200) return kEndless;
    return step == 2 && tensor == 7 ? 900.0 : 0.1;
  });
  const RunView view = view_of(run);
  const HeatGrid grid(view, layer_rows(view));
  EXPECT_EQ(grid.layers_per_row(), 3U);
  EXPECT_EQ(grid.rows(), 134U);
  EXPECT_EQ(grid.at(200 / 3, 1).kind, HeatKind::kNonFinite);
  EXPECT_EQ(grid.at(7 / 3, 2).norm, 900.0);
  EXPECT_TRUE(contains(script_of(run), "A cell of the heat map shows the worst of its 3 layers"));
}

TEST(LayerRows, AreNamedAfterWhatTheirTensorsShare) {
  HealthMetrics metrics = named_metrics({0.3, 0.4, 0.1, 0.2});
  metrics.step = 0;
  FigureRun run;
  run.series.add(metrics, {}, {});
  const RunView view = view_of(run);
  const LayerRows layers = layer_rows(view);
  ASSERT_EQ(layers.rows.size(), 2U);
  EXPECT_EQ(layers.rows[0].name, "dense");
  EXPECT_EQ(layers.rows[1].name, "dense_1");
  EXPECT_DOUBLE_EQ(norm_of(run.series.points()[0], layers.rows[0].tensors).last, 0.5);
}

TEST(LayerRows, OfSeveralNetworksFollowEachOtherUnconnected) {
  HealthMetrics metrics = named_metrics({0.3, 0.4, 0.1, 0.2});
  metrics.step = 0;
  metrics.networks = {"actor", "critic"};
  for (std::size_t i = 0; i < 4; ++i) metrics.tensors[i].network = i % 2 == 0 ? 1 : 0;
  FigureRun run;
  run.report.steps = 1;
  run.series.add(metrics, {}, {});
  TickTexts names;
  for (const LayerRow& row : layer_rows(view_of(run)).rows) names.push_back(row.name);
  EXPECT_EQ(names, (TickTexts{"critic: dense/kernel", "critic: dense_1/kernel", "actor: dense/bias",
                              "actor: dense_1/bias"}));
  EXPECT_TRUE(contains(script_of(run), "1 0.3\n2 0.1\n\n3 0.4\n4 0.2\n"));
}

TEST(DrawnTensors, AreAllWhereTheyAreFewElseTheWorstFirst) {
  EXPECT_EQ(drawn_tensors(view_of(drawn_run(3, 8, healthy_norm))).size(), 8U);
  const FigureRun run = drawn_run(3, 40, [](std::int64_t step, std::size_t tensor) {
    if (tensor == 30 && step == 2) return kNotFinite;
    if (tensor == 12) return 8e-4;
    return tensor == 20 ? 9.0 : 0.1;
  });
  const std::vector<std::size_t> drawn = drawn_tensors(view_of(run));
  ASSERT_EQ(drawn.size(), 5U);
  EXPECT_EQ(drawn[0], 30U) << "what is at fault";
  EXPECT_EQ(drawn[1], 12U) << "then what is farthest from the others";
  EXPECT_EQ(drawn[2], 20U);
  EXPECT_TRUE(contains(script_of(run), "'the other 35, smallest to largest'"));
  EXPECT_TRUE(contains(script_of(run), "'dense_30/kernel, NaN/Inf in 1'"));
}

TEST(DrawnTensors, HaveNamesThatSayWhatTheyAreAndDiffer) {
  const std::string model = "model.encoder.layers.of.this.network.block";
  const std::string key = script_of(drawn_run(3, 8, healthy_norm, model));
  EXPECT_TRUE(contains(key, "title 'model.encoder.")) << "more than the number that differs";
  EXPECT_TRUE(contains(key, ".block_7/kernel'"));
  const std::string script = script_of(drawn_run(3, 8, healthy_norm, std::string(200, 'a')));
  EXPECT_TRUE(contains(script, "_7/kernel'")) << "each of eight alike has its own";
}

TEST(LayerProfiles, AreTheFirstTheWorstAndTheLastMoment) {
  const FigureRun run = drawn_run(20, 3, [](std::int64_t step, std::size_t tensor) {
    return step == 7 ? 1e4 : healthy_norm(step, tensor);
  });
  TickTexts titles;
  for (const LayerProfile& profile : layer_profiles(view_of(run))) titles.push_back(profile.title);
  ASSERT_EQ(titles.size(), 3U);
  EXPECT_TRUE(titles[0].ends_with(": step 7")) << titles[0];
  EXPECT_EQ(titles[1], "first: step 0");
  EXPECT_EQ(titles[2], "last: step 19");
  const FigureRun one = drawn_run(1, 3, healthy_norm);
  EXPECT_EQ(layer_profiles(view_of(one)).size(), 1U);
}

TEST(TrajectoryFigure, SaysTheVerdictInWordsAndWhereItBegan) {
  const FigureRun run = drawn_run(50, 3, [](std::int64_t step, std::size_t tensor) {
    return step >= 30 ? kNotFinite : healthy_norm(step, tensor);
  });
  const std::string script = script_of(run);
  for (const char* part :
       {"'critical: The run has been non_finite since step 30 (R1)", "'first bad step 30'",
        "'What to do: ", "set label 'R1' at screen", "'began: critical'", "'NaN or Inf in a step'",
        "'NaN, Inf' ", "'R1 NaN or Inf: dense_2/kernel  ·  non_finite, critical, since step 30'",
        "'Every step is drawn.", "title 'NaN or Inf'"}) {
    EXPECT_TRUE(contains(script, part)) << part;
  }
  EXPECT_EQ(count_of(script, "set arrow from 30, graph 0 to 30, graph 1"), 3);
}

TEST(TrajectoryFigure, OfAHealthyRunMarksNothing) {
  const std::string script = script_of(drawn_run(40, 3, healthy_norm));
  EXPECT_TRUE(contains(script, "'ok: The run was healthy over 40 steps (0 to 39)"));
  EXPECT_TRUE(contains(script, "'nothing'"));
  for (const char* part :
       {"\nset arrow", "NaN, Inf", "What to do", "first bad step", "began:", "title 'zero"}) {
    EXPECT_FALSE(contains(script, part)) << part;
  }
}

TEST(TrajectoryFigure, OfANetworkThatLearntAConstantIsNotCalledOk) {
  FigureRun run = drawn_run(40, 3, healthy_norm);
  run.report.baseline = ConstantBaseline{.loss = 0.5, .constant_loss = 0.5, .is_beaten = false};
  const std::string script = script_of(run);
  EXPECT_TRUE(contains(script, "'info: The gradients of the run were healthy"));
  EXPECT_TRUE(contains(script, "learnt no more than a constant"));
}

TEST(TrajectoryFigure, WhatAnotherRuleExplainsNamesIt) {
  FigureRun run = drawn_run(5, 2, healthy_norm);
  Episode episode;
  episode.finding.rule = RuleId::kNormChange;
  episode.finding.severity = Severity::kWarning;
  episode.finding.verdict = Verdict::kUnstable;
  episode.finding.consequence_of = RuleId::kUpdateRatio;
  episode.first_step = episode.last_step = 2;
  episode.is_open = false;
  run.report.episodes = {episode, episode};
  EXPECT_TRUE(contains(script_of(run), "unstable, warning, 2 times, first at step 2, by R12'"));
}

TEST(TrajectoryFigure, OfManyStepsIsSmallAndSaysWhatItLeavesOut) {
  const FigureRun run = drawn_run(20'000, 20, healthy_norm);
  const std::string script = script_of(run);
  EXPECT_TRUE(contains(script, "'Decimated: 20,000 steps are 313 points of up to 64 steps each; "))
      << run.series.points().size();
  EXPECT_TRUE(contains(script, "'smallest to largest of them'"));
  EXPECT_LT(script.size(), std::size_t{1} << 20U);
}

TEST(TrajectoryFigure, ASpikeBetweenPointsIsInTheBand) {
  const FigureRun run = drawn_run(2000, 2, [](std::int64_t step, std::size_t tensor) {
    return step == 1001 ? 7000.0 : healthy_norm(step, tensor);
  });
  ASSERT_GT(run.series.steps_per_point(), 1);
  // Of two tensors together: 7000 times the root of 2.
  EXPECT_TRUE(contains(script_of(run), " 9899.49 "));
}

TEST(TrajectoryFigure, ShadesTheNormalRangeOfASign) {
  FigureRun run = drawn_run(3, 3, healthy_norm);
  const std::string script = script_of(run);
  EXPECT_TRUE(contains(script, "'normal up to 1e+04'"));
  EXPECT_TRUE(contains(script, "to graph 1, first 10000 behind fillstyle solid 1.0 noborder"));
  EXPECT_TRUE(contains(script, "'Blood pressure: "));
  EXPECT_GE(count_of(script, "'not known'"), 4) << "deltas and units were not watched";
}

TEST(TrajectoryFigure, ANegativeLossHasALinearAxis) {
  FigureRun run;
  for (std::int64_t step = 0; step < 5; ++step) {
    HealthMetrics metrics = named_metrics({0.1, 0.1});
    metrics.step = step;
    metrics.loss = 2.0 - static_cast<double>(step);
    run.series.add(metrics, {}, {});
  }
  run.report.steps = 5;
  const std::string script = script_of(run);
  const std::string loss = script.substr(0, script.find("'Norm of all gradients'"));
  EXPECT_FALSE(contains(loss, "\nset logscale y"));
  EXPECT_TRUE(contains(loss, "'-2' -2, '-1' -1, '0' 0"));
}

TEST(TrajectoryFigure, OfNoStepIsTwoLinesOfText) {
  const FigureRun run = drawn_run(0, 0, healthy_norm);
  const std::string script = script_of(run);
  EXPECT_TRUE(contains(script, "'The run holds no step: nothing was judged.'"));
  EXPECT_FALSE(contains(script, "'Loss'"));
  EXPECT_FALSE(contains(script, "ok:"));
}

class DrawnTrajectory : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      run_gnuplot("set print '-'; print 'here'\n");
    } catch (const GnuplotNotFound& error) {
      GTEST_SKIP() << error.what();
    }
  }

  static std::string draw(const FigureRun& run, FigureFormat format) {
    return render_figure(run.report, run.series, format, "ignored");
  }
};

TEST_F(DrawnTrajectory, InEveryFormat) {
  const FigureRun run = drawn_run(30, 6, healthy_norm);
  EXPECT_TRUE(draw(run, FigureFormat::kPng).starts_with("\x89PNG\r\n"));
  EXPECT_TRUE(draw(run, FigureFormat::kPdf).starts_with("%PDF"));
  const std::string svg = draw(run, FigureFormat::kSvg);
  for (const char* text : {"Loss", "Norm of all gradients", "Norm per tensor", "dense_5/kernel",
                           "Gradient from layer to layer", "largest: step 4", "Step"}) {
    EXPECT_TRUE(contains(svg, "<text>" + std::string(text) + "</text>")) << text;
  }
}

TEST_F(DrawnTrajectory, OfAnyNumbers) {
  const std::vector<std::pair<std::string, FigureRun>> runs = [] {
    std::vector<std::pair<std::string, FigureRun>> all;
    const auto add = [&all](std::string name, std::int64_t steps, std::size_t tensors,
                            const NormAt& norm) {
      all.emplace_back(std::move(name), drawn_run(steps, tensors, norm));
    };
    const auto always = [](double norm) {
      return [norm](std::int64_t, std::size_t) { return norm; };
    };
    add("all NaN", 20, 4, always(kNotFinite));
    add("all infinite", 20, 4, always(kEndless));
    add("all zero", 20, 4, always(0.0));
    add("huge", 20, 4, always(1e150));
    add("tiny", 20, 4, always(1e-150));
    add("one step", 1, 4, healthy_norm);
    add("two steps", 2, 1, healthy_norm);
    add("no tensor", 5, 0, healthy_norm);
    add("no step", 0, 0, healthy_norm);
    add("many layers", 5, 300, healthy_norm);
    add("from 1e-40 to 1e30", 30, 3, [](std::int64_t step, std::size_t) {
      return step == 3 ? 0.0 : std::pow(10.0, 2.0 * static_cast<double>(step) - 40.0);
    });
    return all;
  }();
  for (const auto& [name, run] : runs) {
    EXPECT_TRUE(draw(run, FigureFormat::kPng).starts_with("\x89PNG\r\n")) << name;
    const std::string svg = draw(run, FigureFormat::kSvg);
    EXPECT_EQ(count_of(svg, "<text>run.jsonl</text>"), 1) << name;
  }
}

TEST_F(DrawnTrajectory, OfHostileNames) {
  for (const std::string name :
       {"`touch made`", "'; system('touch made'); '", "x\nEND\n!touch made", "50 %d %n {^_@} \\",
        "\xff\xfe", "网络/😀"}) {
    FigureRun run = drawn_run(
        12, 10,
        [](std::int64_t step, std::size_t tensor) {
          return step == 9 && tensor == 3 ? kNotFinite : 0.1;
        },
        name);
    run.report.name = name;
    run.report.notes = {name};
    EXPECT_NO_THROW(draw(run, FigureFormat::kPng)) << name;
    EXPECT_FALSE(contains(script_of(run), "\nEND\n!touch")) << name;
  }
}

}  // namespace
}  // namespace gradvitals::test
