// Contract: a page says first what is wrong and what to do, holds every number, and nothing that a name
// holds becomes more than text. Oracles: known networks and runs; the JSON of the page, read by nlohmann.
#include "monitor/report/html/html_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/html/html_sections.h"
#include "monitor/report/html/html_writer.h"
#include "monitor/report/html/run_difference.h"
#include "monitor/report/seen_run.h"
#include "monitor/trajectory/health_tracker.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

/// Markup, quotes, NUL, a byte that is no UTF-8, text from right to left, the ends of blocks.
const std::string kHostileName =
    std::string("</script><img src=x onerror=alert(1)>\"'&-->]]>") + '\0' + "\xff" + "\u202e\u2028";

std::size_t occurrences_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

std::string_view data_block(std::string_view page) {
  constexpr std::string_view kBegin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = page.find(kBegin) + kBegin.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

nlohmann::json page_data(std::string_view page) {
  return nlohmann::json::parse(data_block(page));
}

/// What is there before any script runs.
std::string_view static_part(std::string_view page) {
  const std::size_t begin = page.find("<body>");
  return page.substr(begin, page.find("<script type=\"application/json\"") - begin);
}

std::string page_of(const std::vector<NetworkReport>& networks) {
  return networks_html(networks, {.version = "1.2.3"});
}

/// Three kernels whose norms fall from step to step; NaN in the first from `bad_step` on.
HealthMetrics run_step(std::int64_t step, std::int64_t bad_step, const std::string& first_name) {
  std::vector<TensorRecord> records;
  for (int layer = 0; layer < 3; ++layer) {
    const double norm = step >= bad_step && layer == 0 ? kNaN : 1.0 / static_cast<double>(step + 1);
    const std::string name = layer == 0 ? first_name : "dense_" + std::to_string(layer) + "/kernel";
    records.push_back(tensor(name, Role::kGradient, layer, {norm}));
    records.back().dtype = DType::kFloat64;
  }
  HealthMetrics metrics = metrics_of(std::move(records));
  metrics.step = step;
  metrics.loss = 1.0 / static_cast<double>(step + 1);
  return metrics;
}

struct PageRun {
  TrajectoryReport report;
  RunSeries series;
};

constexpr std::int64_t kNever = 1'000'000'000;

PageRun page_run(std::string name, std::int64_t steps, std::int64_t bad_step = kNever,
                 const std::string& first_name = "dense/kernel", double scale = 1.0) {
  PageRun run;
  HealthTracker tracker;
  run.report.name = std::move(name);
  for (std::int64_t step = 0; step < steps; ++step) {
    HealthMetrics metrics = run_step(step, bad_step, first_name);
    *metrics.loss *= scale;
    const auto events = tracker.add(metrics, {});
    see_step(run.report,
             {.step = step, .loss = metrics.loss, .metrics = &metrics, .events = events});
    run.series.add(metrics, {}, tracker.vital_signs());
  }
  add_judgement(run.report, tracker, {});
  return run;
}

std::string page_of(const PageRun& run) {
  const HtmlRun shown{.report = &run.report, .series = &run.series};
  return runs_html({&shown, 1}, {.version = "1.2.3"});
}

float float_at(const std::string& base64_text, std::size_t place) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char letter : base64_text) {
    if (letter == '=') break;
    bits = bits << 6U | static_cast<std::uint32_t>(kLetters.find(letter));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU);
  }
  // Of four bytes, the lowest is left out.
  float value = 0.0F;
  bytes.insert(3 * place, 1, '\0');
  std::memcpy(&value, bytes.data() + 3 * place, sizeof value);
  return value;
}

TEST(HtmlText, IsEscapedForTextAndForAttributes) {
  EXPECT_EQ(html_escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  HtmlWriter out;
  out.element("p", "<i>", {{"title", "\"><script>"}});
  EXPECT_EQ(std::move(out).finish(), "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;i&gt;</p>\n");
}

TEST(HtmlText, AnElementThatIsLeftOpenIsAnError) {
  HtmlWriter out;
  out.open("p");
  EXPECT_THROW(std::move(out).finish(), std::logic_error);
}

// RFC 4648, section 10.
TEST(HtmlText, Base64IsThatOfTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(HtmlReport, SaysFirstWhatIsWrongAndWhatToDo) {
  const std::string page = page_of({exploding_network()});
  const std::string_view text = static_part(page);
  const std::size_t verdict = text.find("Exploding Network is exploding: gradients are so large");
  ASSERT_NE(verdict, std::string_view::npos) << text.substr(0, 2000);
  EXPECT_LT(verdict, text.find("What to do"));
  EXPECT_LT(text.find("What to do"), text.find("Vital signs</h2>"));
  EXPECT_LT(text.find("Vital signs</h2>"), text.find("What was found</h2>"));
  EXPECT_LT(text.find("What was found</h2>"), text.find("Norm of each gradient</h2>"));
  EXPECT_TRUE(contains(text, "backward factor"));
  EXPECT_TRUE(contains(text, exploding_network().diagnosis.findings.front().advice.front()));
}

TEST(HtmlReport, TellsOfSeveralNetworksWhichAreSick) {
  const std::string page = page_of(three_networks());
  EXPECT_TRUE(contains(static_part(page),
                       "2 of 3 networks are sick: Sigmoid Network is vanishing and Exploding "
                       "Network is exploding."));
  EXPECT_EQ(page_data(page)["networks"].size(), 3U);
}

TEST(HtmlReport, AHealthyNetworkNeedsNothing) {
  EXPECT_TRUE(contains(static_part(page_of({relu_network()})), "Nothing needs to be done."));
}

TEST(HtmlReport, TheNotebooksRulesShowTheNotebooksScore) {
  const std::vector<NetworkReport> networks = {exploding_network()};
  const std::string page = networks_html(networks, {.rules = RuleSet::kNotebook, .version = "1"});
  EXPECT_TRUE(contains(static_part(page), "Exploding Network: the notebook&#39;s score is "));
  EXPECT_FALSE(contains(static_part(page), "What was found"));
}

TEST(HtmlReport, NumbersThatAreNoneAreNamed) {
  const auto data =
      page_data(page_of({network_with_norms("n", {0.0, kNaN, kInf, 0.125})}))["networks"][0];
  EXPECT_EQ(data["norms"], nlohmann::json({0.0, "NaN", "Inf", 0.125}));
  EXPECT_TRUE(data["classes"][1].is_null());
  EXPECT_EQ(data["classes"][2], 3);
}

TEST(HtmlReport, AGradientThatIsMissingHasItsPlaceAmongTheOthers) {
  std::vector<TensorRecord> records = {tensor("a", Role::kGradient, 0, {0.5}),
                                       tensor("b", Role::kGradient, 1, {}),
                                       tensor("c", Role::kGradient, 2, {0.25})};
  records[1].exists = false;
  const auto data = page_data(page_of({judged("n", "", metrics_of(std::move(records)))}));
  EXPECT_EQ(data["networks"][0]["names"], nlohmann::json({"a", "b", "c"}));
  EXPECT_EQ(data["networks"][0]["norms"], nlohmann::json({0.5, nullptr, 0.25}));
  EXPECT_EQ(data["tensors"]["rows"].size(), 3U);
}

TEST(HtmlReport, AHostileNameStaysText) {
  NetworkReport network = judged(kHostileName, "",
                                 metrics_of({tensor(kHostileName, Role::kGradient, 0, {kNaN}),
                                             tensor("b", Role::kGradient, 1, {1.0})}));
  network.notes = {kHostileName};
  const PageRun run = page_run(kHostileName, 30, 10, kHostileName);
  for (const std::string& page : {page_of({network}), page_of({network, network}), page_of(run)}) {
    EXPECT_EQ(occurrences_of(page, "</script>"), 3U);
    EXPECT_FALSE(contains(page, "<img"));
    EXPECT_EQ(page.find('\0'), std::string::npos);
    EXPECT_FALSE(contains(page, "\u202e"));
    EXPECT_FALSE(contains(page, "\u2028"));
    EXPECT_EQ(data_block(page).find_first_of("<>"), std::string_view::npos);
    EXPECT_TRUE(contains(static_part(page), "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"));
    for (std::string_view rest = page; !rest.empty();) {
      const bool is_said = rest.starts_with("\uFFFD");
      if (take_code_point(rest) == 0xFFFD && !is_said) FAIL() << "a byte that is no UTF-8";
    }
  }
}

TEST(HtmlReport, TheSameInputGivesTheSameBytes) {
  EXPECT_EQ(page_of(three_networks()), page_of(three_networks()));
  EXPECT_EQ(page_of(page_run("run", 50, 20)), page_of(page_run("run", 50, 20)));
}

TEST(HtmlReport, NothingIsFetchedFromElsewhere) {
  const std::string page = page_of(three_networks());
  EXPECT_TRUE(contains(page, "content=\"default-src 'none'; script-src 'sha256-"));
  for (const std::string_view part : {"src=\"http", "href=\"http", "@import", "url(", "<link"}) {
    EXPECT_FALSE(contains(page.substr(0, page.find("<script>")), part)) << part;
  }
}

TEST(HtmlReport, LimitsThatWereChangedAreMarked) {
  NetworkReport network = relu_network();
  network.diagnosis.thresholds.range_ratio = 5.0;
  const std::string page = page_of({network});
  EXPECT_TRUE(contains(static_part(page), "changed from 1e+04"));
  EXPECT_TRUE(contains(static_part(page), "1 limit is not the default."));
}

TEST(HtmlRunReport, SaysSinceWhenAndWhere) {
  const std::string page = page_of(page_run("a run", 60, 20));
  const std::string_view text = static_part(page);
  EXPECT_TRUE(contains(text, "The run has been non-finite since step 20: gradients hold NaN"))
      << text.substr(0, 1500);
  EXPECT_TRUE(contains(text, "data-name=\"dense/kernel\""));
  EXPECT_TRUE(contains(text, "On the curves, step 20"));
  EXPECT_TRUE(contains(text, "Every one of the 60 steps is shown."));
  const nlohmann::json run = page_data(page)["runs"][0];
  EXPECT_EQ(run["marks"][0]["first"], 20);
  EXPECT_EQ(run["marks"][0]["last"], 59);  // It lasts.
  EXPECT_EQ(run["faults"][0], "dense/kernel");
}

TEST(HtmlRunReport, HoldsTheNormOfEachGradientInEachStep) {
  const PageRun judged = page_run("a run", 60, 20);
  const nlohmann::json run = page_data(page_of(judged))["runs"][0];
  ASSERT_EQ(run["tensors"].size(), 3U);
  for (const std::size_t step : {0U, 7U, 59U}) {
    const float norm = float_at(run["heat"]["high"], 3 * step + 1);
    EXPECT_NEAR(norm * static_cast<float>(step + 1), 1.0F, 1.6e-5F) << step;
  }
  // "AQ" and so on: one byte a cell, 1 for finite and 2 for not.
  EXPECT_TRUE(run["heat"]["flags"].get<std::string>().starts_with("AQEB"));
  EXPECT_TRUE(run["heat"]["flags"].get<std::string>().ends_with("AgEB"));
}

TEST(HtmlRunReport, WhatAFloatCannotHoldIsNeitherZeroNorInfinite) {
  PageRun run;
  for (std::int64_t step = 0; step < 3; ++step) {
    const double norm = step == 0 ? 1e-200 : step == 1 ? 1e200 : 0.0;
    HealthMetrics metrics = metrics_of({tensor("a", Role::kGradient, 0, {0.0})});
    metrics.tensors.front().stats.sum_squares = norm * norm;
    metrics.tensors.front().stats = stats_of({norm});
    metrics.tensors.front().stats.sum_squares = norm == 0.0 ? 0.0 : 1.0;
    metrics.tensors.front().stats.scale_exponent =
        norm == 0.0 ? 0 : static_cast<int>(std::log2(norm));
    metrics.step = step;
    run.series.add(metrics, {}, {});
  }
  const std::string high = page_data(page_of(run))["runs"][0]["heat"]["high"];
  EXPECT_GT(float_at(high, 0), 0.0F);
  EXPECT_TRUE(std::isfinite(float_at(high, 1)));
  EXPECT_GT(float_at(high, 1), 1e38F);
  EXPECT_EQ(float_at(high, 2), 0.0F);
}

TEST(HtmlRunReport, ALongRunSaysWhatWasDecimated) {
  const std::string page = page_of(page_run("long", 3000));
  EXPECT_TRUE(contains(static_part(page), "Decimated: 3000 steps are shown as 375 points of 8"));
}

TEST(HtmlRunReport, ARunWithoutStepsIsAPage) {
  const std::string page = page_of(page_run("empty", 0));
  EXPECT_TRUE(contains(static_part(page), "nothing was judged"));
}

TEST(HtmlRunReport, OfTwoRunsItSaysWhereTheyPart) {
  const PageRun a = page_run("first", 600);
  const PageRun b = page_run("second", 300, 37);
  const std::vector<HtmlRun> runs = {
      {.report = &a.report, .series = &a.series, .settings = {{"seed", "1"}, {"batch", "32"}}},
      {.report = &b.report, .series = &b.series, .settings = {{"seed", "2"}, {"batch", "32"}}}};
  const std::string page = runs_html(runs, {.version = "1"});
  const std::string_view text = static_part(page);
  EXPECT_TRUE(contains(text, "Run A was healthy and run B was non-finite from step 37 to its end."))
      << text.substr(0, 1500);
  // The longer run has points of two steps.
  EXPECT_TRUE(contains(text, "Runs A and B part in one of steps 36 to 37"));
  EXPECT_TRUE(contains(text, "<th scope=\"row\">seed</th>"));
  const std::size_t difference = text.find("What differs</h2>");
  const std::size_t origin = text.find("Settings and limits</h2>");
  EXPECT_FALSE(contains(text.substr(difference, origin - difference), ">batch</th>"));
}

TEST(HtmlRunReport, RunsThatDifferByLessThanAPercentDoNotPart) {
  const PageRun a = page_run("a", 100);
  EXPECT_FALSE(find_parting(a.series, page_run("b", 100, kNever, "dense/kernel", 1.009).series));
  const auto parting =
      find_parting(a.series, page_run("b", 100, kNever, "dense/kernel", 1.011).series);
  ASSERT_TRUE(parting);
  EXPECT_EQ(parting->first_step, 0);
  EXPECT_FALSE(find_parting(a.series, page_run("shorter", 60).series));
}

TEST(HtmlRunReport, AThousandTensorsAreFiveMegabytesAtMost) {
  constexpr int kTensors = 1000;
  PageRun run;
  run.report.name = "large";
  for (std::int64_t step = 0; step < 1000; ++step) {
    std::vector<TensorRecord> records;
    for (int i = 0; i < kTensors; ++i) {
      records.push_back(tensor("transformer.encoder.layers." + std::to_string(i) + ".mlp.weight",
                               Role::kGradient, i,
                               {std::pow(10.0, -static_cast<double>((step * 31 + i * 17) % 12))}));
      records.back().dtype = DType::kFloat64;
    }
    HealthMetrics metrics = metrics_of(std::move(records));
    metrics.step = step;
    see_step(run.report, {.step = step, .loss = 1.0, .metrics = &metrics, .events = {}});
    run.series.add(metrics, {}, {});
  }
  const std::string page = page_of(run);
  EXPECT_LE(page.size(), 5'000'000U);
  EXPECT_TRUE(contains(static_part(page), "Decimated: 1000 steps are shown as "));
}

TEST(HtmlStepsReport, ShowsWhatTheStepsShowTogether) {
  std::vector<NetworkReport> steps;
  for (const std::int64_t step : {0, 1, 2, 3, 4, 5}) {
    steps.push_back(judged("step " + std::to_string(step), "", run_step(step, 3, "dense/kernel")));
  }
  std::vector<RunStep> judged_steps;
  for (const NetworkReport& step : steps) {
    judged_steps.push_back({step.metrics.step, step.name, &step.metrics, &step.diagnosis});
  }
  const std::string page = steps_html(steps, diagnose_run(judged_steps), {.version = "1"});
  EXPECT_TRUE(contains(static_part(page), "Over 6 steps the run is non-finite: gradients hold"));
  EXPECT_TRUE(contains(static_part(page), "The first bad step is step 3."));
  EXPECT_EQ(page_data(page)["runs"][0]["marks"][0]["first"], 3);
}

}  // namespace
}  // namespace gradvitals::test
