// Text writers: style, safe names, and the ROOT CAUSE section.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/utf8.h"
#include "monitor/report/diagnosis_text.h"
#include "monitor/report/number_text.h"
#include "monitor/report/style.h"
#include "monitor/rules/notebook_interpreter.h"
#include "tests/monitor/health_fixtures.h"
#include "tests/monitor/report_networks.h"
#include "tests/support/texts.h"

namespace gradvitals::test {
namespace {

constexpr TextStyle kPlain{};
constexpr TextStyle kAscii{.ascii = true};
constexpr TextStyle kColor{.color = true};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

std::string without_colors(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

Finding finding(RuleId rule, Severity severity, std::string text,
                std::optional<RuleId> cause = std::nullopt) {
  Finding finding;
  finding.rule = rule;
  finding.severity = severity;
  finding.text = std::move(text);
  finding.consequence_of = cause;
  return finding;
}

NetworkReport network_with_findings(std::vector<Finding> findings) {
  NetworkReport network = relu_network();
  network.diagnosis.findings = std::move(findings);
  return network;
}

TEST(Utf8, EveryCodePointSurvives) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(printable(text), text);
}

TEST(Utf8, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(printable("\xff"), replacement);
  EXPECT_EQ(printable("\xc3"), replacement) << "cut short";
  EXPECT_EQ(printable("\xc3x"), replacement + "x");
  EXPECT_EQ(printable("\xc0\xaf"), replacement + replacement) << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), replacement + replacement + replacement) << "surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80").substr(0, 3), replacement) << "beyond U+10FFFF";
}

TEST(Utf8, ControlAndDirectionCharactersBecomeEscapes) {
  EXPECT_EQ(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(printable("\x1b[31m"), "\\u001b[31m");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u202e");
  EXPECT_EQ(printable("\ufffe\uffff"), "\\ufffe\\uffff");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u009b");
}

TEST(Utf8, WidthIsThatOfTheTerminal) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("dense"), 5);
  EXPECT_EQ(display_width("h\xc3\xa4user"), 6);
  EXPECT_EQ(display_width("\xe5\xb1\xa4"), 2) << "a wide character";
  for (const char* marker : {"🚨", "✅", "🟢", "🟡"})
    EXPECT_EQ(display_width(marker), 2) << marker;
  for (const char* emoji :
       {"🀄", "🆗", "🟰", "🤖", "🧠", "🦿", "🩺", "🪐", "🫀", "🫨"}) {
    EXPECT_EQ(display_width(emoji), 2) << emoji;
  }
  EXPECT_EQ(display_width("e\xcc\x81"), 1) << "a combining accent";
}

TEST(NumberText, NanHasNoSign) {
  EXPECT_EQ(scientific(-std::nan("")), "nan");
  EXPECT_EQ(scientific(0.00123), "1.2e-03");
  EXPECT_EQ(three_digits(-std::nan("")), "nan");
  EXPECT_EQ(three_digits(0.23456), "0.235");
}

TEST(NumberText, AnAccuracyIsAShareAndOtherScoresAreThemselves) {
  EXPECT_EQ(score_text("accuracy", 0.9553, 1), "95.5 %");
  EXPECT_EQ(score_text("accuracy", 0.9553, 2), "95.53 %");
  EXPECT_EQ(score_text("R2", 0.28483, 1), "0.285");
  EXPECT_EQ(score_text("R2", -0.5, 2), "-0.5000");
  EXPECT_EQ(score_text("R2", -1e9, 1), "-1e+09");
}

TEST(Style, DefaultLeavesTheTextAsItIs) {
  const std::string seed = interpret_gradient_health(exploding_network().metrics);
  EXPECT_EQ(decorate(seed, kPlain), seed);
  EXPECT_EQ(decorate("no line break", kPlain), "no line break");
  EXPECT_EQ(decorate("\n\n", kPlain), "\n\n");
}

TEST(Style, AsciiSaysEmojiInWords) {
  EXPECT_EQ(decorate("🚨 CRITICAL: bad\n", kAscii), "[CRITICAL] bad\n");
  EXPECT_EQ(decorate("Loss: ✅", kAscii), "Loss: [OK]");
  EXPECT_EQ(decorate("   📝 Alternative: x", kAscii), "   - Alternative: x");
  EXPECT_EQ(decorate("h\xc3\xa4user", kAscii), "h\\u00e4user");
}

TEST(Style, AsciiHoldsForEveryTextOfANetwork) {
  NetworkReport network = exploding_network();
  network.name = "Z\xc3\xbcrich \xff";
  network.diagnosis.findings[0].tensor = "\xe5\xb1\xa4/kernel";
  for (const NetworkReport& each : {network, sigmoid_network(), relu_network()}) {
    const std::string text =
        network_heading(each, kAscii) + diagnosis_text(each, RuleSet::kFull, kAscii);
    EXPECT_TRUE(is_ascii(text)) << text;
  }
  EXPECT_TRUE(contains(diagnosis_text(network, RuleSet::kFull, kAscii), "[CRITICAL] R2"));
}

TEST(Style, LongLinesAreBrokenAtBlanksForATerminal) {
  EXPECT_EQ(decorate("one two three four\n   label  one two\n", {.width = 11}),
            "one two\n   three\n   four\n   label  one\n          two\n");
  EXPECT_EQ(decorate("a-word-that-is-longer than all\n", {.width = 10}),
            "a-word-that-is-longer\n   than\n   all\n");
  EXPECT_EQ(decorate("one two three\n", {.width = 13}), "one two three\n");
}

TEST(Style, ColorAddsNothingButColors) {
  const NetworkReport network = exploding_network();
  const std::string plain = diagnosis_text(network, RuleSet::kFull, kPlain);
  const std::string colored = diagnosis_text(network, RuleSet::kFull, kColor);
  EXPECT_FALSE(contains(plain, "\x1b"));
  EXPECT_TRUE(contains(colored, "\x1b[1;31m🚨"));
  EXPECT_EQ(without_colors(colored), plain);
}

TEST(Style, ColorAndAsciiGoTogether) {
  const std::string text = decorate("🚨 CRITICAL: bad\n", {.color = true, .ascii = true});
  EXPECT_EQ(without_colors(text), "[CRITICAL] bad\n");
  EXPECT_TRUE(text.starts_with("\x1b["));
}

TEST(DiagnosisText, NotebookRulesPrintItsTextAlone) {
  const NetworkReport network = sigmoid_network();
  EXPECT_EQ(diagnosis_text(network, RuleSet::kNotebook, kPlain),
            interpret_gradient_health(network.metrics));
}

TEST(DiagnosisText, FullRulesAppendTheRootCause) {
  const NetworkReport network = sigmoid_network();
  EXPECT_EQ(diagnosis_text(network, RuleSet::kFull, kPlain),
            interpret_gradient_health(network.metrics) + root_cause_text(network, kPlain));
}

TEST(DiagnosisText, HeadingKeepsAHostileNameOnItsLine) {
  NetworkReport network = relu_network();
  network.name = "a\nANALYZING: b\x1b[2J";
  const std::string text = network_heading(network, kPlain);
  EXPECT_TRUE(contains(text, "ANALYZING: a\\nANALYZING: b\\u001b[2J\n")) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

TEST(RootCause, FindingIsShownWithValueLimitTensorAndAdvice) {
  Finding root = finding(RuleId::kLargeGradients, Severity::kWarning, "A gradient is large.");
  root.value = 42.0;
  root.threshold = 10.0;
  root.tensor = "dense/kernel";
  root.advice = {"Clip gradients", "Slow down"};
  const std::string text = root_cause_text(network_with_findings({root}), kPlain);
  EXPECT_TRUE(contains(text,
                       "⚠️ WARNING: R8 A gradient is large.\n"
                       "   value 42, limit 10, at dense/kernel\n"
                       "   📝 Clip gradients\n"
                       "   📝 Slow down\n"))
      << text;
}

TEST(RootCause, FindingWithoutNumbersHasNoEvidenceLine) {
  const std::string text = root_cause_text(
      network_with_findings({finding(RuleId::kNonFinite, Severity::kCritical, "NaN.")}), kPlain);
  EXPECT_TRUE(contains(text, "R1 NaN.\n\n")) << text;
}

TEST(RootCause, ConsequencesStandIndentedUnderTheirCause) {
  const std::string text = root_cause_text(
      network_with_findings({finding(RuleId::kBackwardFactor, Severity::kCritical, "Gain."),
                             finding(RuleId::kSaturation, Severity::kWarning, "Saturated."),
                             finding(RuleId::kVanishedGradients, Severity::kCritical, "Vanished.",
                                     RuleId::kBackwardFactor)}),
      kPlain);
  const std::size_t cause = text.find("\n🚨 CRITICAL: R2 Gain.");
  const std::size_t consequence = text.find("\n      🚨 CRITICAL: R4 Vanished.");
  const std::size_t other = text.find("\n⚠️ WARNING: R11 Saturated.");
  ASSERT_NE(cause, std::string::npos) << text;
  ASSERT_NE(consequence, std::string::npos) << text;
  ASSERT_NE(other, std::string::npos) << text;
  EXPECT_LT(cause, consequence);
  EXPECT_LT(consequence, other);
}

TEST(RootCause, ConsequenceOfAnAbsentRuleStandsForItself) {
  const std::string text = root_cause_text(
      network_with_findings({finding(RuleId::kVanishedGradients, Severity::kCritical, "Vanished.",
                                     RuleId::kBackwardFactor)}),
      kPlain);
  EXPECT_TRUE(contains(text, "\n🚨 CRITICAL: R4 Vanished.")) << text;
}

TEST(RootCause, ManyConsequencesAreCounted) {
  std::vector<Finding> findings = {finding(RuleId::kBackwardFactor, Severity::kCritical, "Gain.")};
  for (int i = 0; i < 20; ++i) {
    findings.push_back(finding(RuleId::kVanishedGradients, Severity::kCritical, "Vanished.",
                               RuleId::kBackwardFactor));
  }
  const std::string text = root_cause_text(network_with_findings(findings), kPlain);
  EXPECT_TRUE(contains(text, "      and 12 more\n")) << text;
}

TEST(RootCause, HealthyNetworkSaysSo) {
  const NetworkReport network = relu_network();
  ASSERT_TRUE(network.diagnosis.findings.empty());
  const std::string text = root_cause_text(network, kPlain);
  EXPECT_TRUE(contains(text, "✅ GOOD: No rule fired\n"));
  EXPECT_FALSE(contains(text, "alone")) << text;
  EXPECT_TRUE(text.ends_with("✅ OK: verdict healthy\n")) << text;
}

TEST(RootCause, HealthyByGradientsAloneIsToldFromHealthy) {
  NetworkReport network = relu_network();
  std::erase_if(network.metrics.tensors,
                [](const TensorRecord& tensor) { return tensor.role != Role::kGradient; });
  EXPECT_TRUE(
      contains(root_cause_text(network, kPlain),
               "✅ GOOD: No rule fired\n   Judged by gradients alone: what happens inside the "
               "layers is unknown\n"));
  NetworkReport weighed = network;
  weighed.metrics.tensors.push_back(test::tensor("w", Role::kWeight, -1, {1.0}));
  EXPECT_FALSE(contains(root_cause_text(weighed, kPlain), "alone"));
  network.diagnosis.verdict = Verdict::kSaturated;
  EXPECT_FALSE(contains(root_cause_text(network, kPlain), "alone"));
}

TEST(RootCause, VerdictLineFollowsTheDiagnosis) {
  NetworkReport network = relu_network();
  network.diagnosis.verdict = Verdict::kSaturated;
  network.diagnosis.severity = Severity::kWarning;
  EXPECT_TRUE(root_cause_text(network, kPlain).ends_with("⚠️ WARNING: verdict saturated\n"));
}

TEST(RootCause, HeadlineIsAsBadAsTheWorstFinding) {
  NetworkReport network = network_with_findings(
      {finding(RuleId::kBackwardFactor, Severity::kWarning, "Small."),
       finding(RuleId::kVanishedGradients, Severity::kCritical, "Gone.", RuleId::kBackwardFactor)});
  network.diagnosis.verdict = Verdict::kVanishing;
  network.diagnosis.severity = Severity::kCritical;
  EXPECT_TRUE(contains(root_cause_text(network, kPlain), "\n🚨 CRITICAL: verdict vanishing"));
}

TEST(RootCause, VerdictThatIsWorseThanItsRootSaysWhichConsequenceMakesItSo) {
  NetworkReport network = network_with_findings(
      {finding(RuleId::kBackwardFactor, Severity::kWarning, "Small."),
       finding(RuleId::kForwardGain, Severity::kWarning, "Low.", RuleId::kBackwardFactor),
       finding(RuleId::kVanishedGradients, Severity::kCritical, "Gone.", RuleId::kBackwardFactor)});
  network.diagnosis.verdict = Verdict::kVanishing;
  network.diagnosis.severity = Severity::kCritical;
  const std::string text = root_cause_text(network, kPlain);
  EXPECT_TRUE(
      text.ends_with("🚨 CRITICAL: verdict vanishing (R2 by itself is a warning; R4, which "
                     "it explains, is critical)\n"))
      << text;
  network.diagnosis.findings.front().severity = Severity::kCritical;
  EXPECT_TRUE(root_cause_text(network, kPlain).ends_with("🚨 CRITICAL: verdict vanishing\n"));
}

TEST(RootCause, VitalSignsAreAligned) {
  const std::string text = root_cause_text(exploding_network(), kAscii);
  const std::size_t begin = text.find("VITAL SIGNS:\n");
  ASSERT_NE(begin, std::string::npos);
  const std::regex row(
      "   (.{16})(.{26})( *(-|[0-9.]+(e[+-][0-9]+)?))( {2}[a-z]+)?( +\\(normal [^)]*\\))?\n");
  const std::string rows = text.substr(begin + 13, text.find("\n\n", begin) + 1 - begin - 13);
  int count = 0;
  for (std::sregex_iterator it(rows.begin(), rows.end(), row), end; it != end; ++it, ++count) {
    EXPECT_EQ((*it)[3].length(), 8) << it->str();
  }
  EXPECT_EQ(count, 10) << rows;
  EXPECT_EQ(std::ranges::count(rows, '\n'), 10) << rows;
  EXPECT_TRUE(contains(rows, "backward factor           4.49e+03  high")) << rows;
}

}  // namespace
}  // namespace gradvitals::test
