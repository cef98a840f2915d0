// Contract: wrong input gives one line on stderr that names it, nothing on stdout, and exit code 2.
// Oracle: the table below.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/runtime/device.h"
#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

using Arguments = std::vector<std::string>;

struct WrongInput {
  const char* title;
  Arguments arguments;
  const char* named;  ///< What the message must contain.

  friend void PrintTo(const WrongInput& input, std::ostream* out) { *out << input.title; }
};

// Sound files, in the wrong place.
constexpr char kModel[] = GRADVITALS_TEST_DATA "/golden/models/relu.model.safetensors";
constexpr char kDump[] = GRADVITALS_TEST_DATA "/golden/gradients/convnet.safetensors";
constexpr char kText[] = GRADVITALS_TEST_DATA "/golden/interpret/healthy.txt";

/// What this machine and this build lack; a word that is no device where they lack nothing.
const char* unusable_device() {
  for (const char* device : {"cuda", "sim"}) {
    if (!is_available(parse_device(device).value())) return device;
  }
  return "tpu";
}

class WrongInputTest : public testing::TestWithParam<WrongInput> {};

TEST_P(WrongInputTest, IsNamedInOneLineWithExitCodeTwo) {
  const ProgramResult result = run_program(GetParam().arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  EXPECT_TRUE(result.err.starts_with("gradvitals: ")) << result.err;
  EXPECT_NE(result.err.find(GetParam().named), std::string::npos) << result.err;
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, WrongInputTest,
    testing::Values(
        WrongInput{"NoCommand", {}, "a command is missing"},
        WrongInput{"UnknownCommand", {"comprae"}, "'comprae' is no command; did you mean compare?"},
        WrongInput{
            "CommandLikeNoOther", {"fly"}, "'fly' is no command; gradvitals --help lists them"},
        WrongInput{"MisspelledOption",
                   {"diagnose", kDump, "--wieghts", kModel},
                   "--wieghts is no option; did you mean --weights?"},
        WrongInput{"MisspelledOptionWithItsValue",
                   {"diagnose", kDump, "--fail_on=info"},
                   "--fail_on is no option; did you mean --fail-on?"},
        WrongInput{"MisspelledOptionThatIsRequired",
                   {"checkup", kModel, "--dta", kDump},
                   "--dta is no option; did you mean --data?"},
        WrongInput{"OptionLikeNoOther",
                   {"diagnose", kDump, "--quick"},
                   "--quick is no option; gradvitals diagnose --help lists them"},
        WrongInput{"OneArgumentTooMany", {"info", "all"}, "'all' is one argument too many"},
        WrongInput{"UnknownOption", {"compare", "--sed", "1"}, "--sed"},
        WrongInput{"StrayWord", {"compare", "model.bin"}, "model.bin"},
        WrongInput{"SeedWithoutNumber", {"compare", "--seed"}, "--seed"},
        WrongInput{"SeedNoNumber", {"compare", "--seed", "x"}, "'x' is not a whole number"},
        WrongInput{"SeedEmpty", {"compare", "--seed", ""}, "--seed"},
        WrongInput{"SeedNegative", {"compare", "--seed=-1"}, "'-1' is not a whole number from 0"},
        WrongInput{"SeedFraction", {"compare", "--seed", "1.5"}, "'1.5'"},
        WrongInput{"SeedPastItsRange", {"compare", "--seed", "4294967296"}, "'4294967296'"},
        WrongInput{"SeedPast64Bits",
                   {"compare", "--seed", "99999999999999999999"},
                   "'99999999999999999999'"},
        WrongInput{"LearningRateBeyondFloat32",
                   {"train", "--network", "relu", "--optimizer", "sgd", "--learning-rate", "1e39"},
                   "--learning-rate: 1e+39 is not from 1.18e-38 to 3.4e+38"},
        WrongInput{"InitialValuesOfTheNotebook",
                   {"train", "--network", "relu", "--init", "he"},
                   "--init he"},
        WrongInput{"BatchZero", {"compare", "--batch", "0"}, "'0' is not a whole number from 1"},
        WrongInput{"BatchHuge", {"compare", "--batch", "1000000000"}, "--batch"},
        WrongInput{"ThreadsNegative", {"compare", "--threads=-2"}, "--threads"},
        WrongInput{
            "HeadUnknown", {"compare", "--head", "relu"}, "'relu' is not one of sigmoid, linear"},
        WrongInput{"RulesUnknown", {"compare", "--rules", "none"}, "--rules"},
        WrongInput{"DeviceUnknown", {"compare", "--device", "tpu"}, "'tpu'"},
        WrongInput{
            "DeviceNotUsable", {"compare", "--device", unusable_device()}, unusable_device()},
        WrongInput{"GemmUnknown",
                   {"compare", "--gemm", "mkl"},
                   "'mkl' is not one of hand-written, cublas"},
        WrongInput{"CublasOnCpu",
                   {"compare", "--gemm", "cublas", "--device", "cpu"},
                   "--gemm cublas needs --device cuda, not cpu"},
        WrongInput{"CublasOnSim",
                   {"compare", "--gemm", "cublas", "--device", "sim"},
                   "--gemm cublas needs --device cuda, not sim"},
        WrongInput{"FailOnUnknown", {"compare", "--fail-on", "ok"}, "--fail-on"},
        WrongInput{"GateWithSeedRules",
                   {"compare", "--rules", "seed", "--fail-on", "warning"},
                   "--rules notebook"},
        WrongInput{"FigureOfUnknownKind", {"compare", "--plot", "a.jpg"}, "'a.jpg'"},
        WrongInput{"PageToStdout", {"compare", "--html", "-"}, "--html writes a file"},
        WrongInput{"PageWhereTheFigureGoes",
                   {"compare", "--html", "a.gp", "--plot", "./a.gp"},
                   "--html and --plot both write"},
        WrongInput{"JsonOfTwoRuns",
                   {"report", "a.jsonl", "b.jsonl", "--json", "c"},
                   "--json is of one run"},
        WrongInput{"StandardInputTwice", {"report", "-", "-"}, "holds one history"},
        WrongInput{"EmptyPath", {"report", ""}, "the value is empty"},
        WrongInput{"EventsToStdout",
                   {"report", "a.jsonl", "--tensorboard", "-"},
                   "--tensorboard fills a folder"},
        WrongInput{"FigureToStdout", {"compare", "--plot", "-"}, "'-'"},
        WrongInput{"OneFileTwice", {"compare", "--plot", "a.gp", "--plot", "a.gp"}, "'a.gp'"},
        WrongInput{"DataWithoutTarget", {"compare", "--data", "a.csv"}, "--data needs --target"},
        WrongInput{"TargetWithoutData", {"compare", "--target", "a"}, "--data, which is missing"},
        WrongInput{"PrescribeWithoutNetwork", {"prescribe"}, "give MODEL, --network or --model"},
        WrongInput{"PrescribeTwoNetworks",
                   {"prescribe", kModel, "--network", "relu", "--data", kDump},
                   "MODEL, --network and --model cannot go together"},
        WrongInput{"PrescribeModelWithoutData", {"prescribe", kModel}, "MODEL needs --data"},
        WrongInput{"PrescribeSpecWithoutData",
                   {"prescribe", "--model", "4-8-relu-1"},
                   "--model needs --data"},
        WrongInput{"PrescribeSpecThatIsNone",
                   {"prescribe", "--model", "4-8-rleu-1", "--data", "digits"},
                   "word 3, \"rleu\", is not known"},
        WrongInput{"PrescribeHeadOfAFile",
                   {"prescribe", kModel, "--data", kDump, "--head", "linear"},
                   "--head needs --network"},
        WrongInput{"PrescribeActivationsOfASpec",
                   {"prescribe", "--network", "relu", "--activations", "relu"},
                   "--activations needs MODEL"},
        WrongInput{"PrescribeTargetWithoutTable",
                   {"prescribe", "--network", "relu", "--target", "1"},
                   "--target needs a table"},
        WrongInput{"PrescribeStepsZero",
                   {"prescribe", "--network", "relu", "--steps", "0"},
                   "'0' is not a whole number from 1"},
        WrongInput{"PrescribeUnknownOptimizer",
                   {"prescribe", "--network", "relu", "--optimizer", "lion"},
                   "'lion' is not one of sgd"},
        WrongInput{"PrescribeMomentumOfAdam",
                   {"prescribe", "--network", "relu", "--momentum", "0.5"},
                   "--momentum needs --optimizer momentum"},
        WrongInput{"PrescribeMomentumOfOne",
                   {"prescribe", "--network", "relu", "--optimizer", "momentum", "--momentum", "1"},
                   "'1' is no number from 0 on, and below 1"},
        WrongInput{"PrescribeUnknownLoss",
                   {"prescribe", "--network", "relu", "--device", "cpu", "--loss", "hinge"},
                   "--loss: 'hinge' is not one of mse"},
        WrongInput{"PrescribeProbabilitiesOfALinearHead",
                   {"prescribe", "--network", "relu", "--device", "cpu", "--head", "linear",
                    "--loss", "binary_cross_entropy"},
                   "the model ends with linear"},
        WrongInput{"PrescribeOverItsData",
                   {"prescribe", kModel, "--data", kDump, "--json", kDump},
                   "and --json would write over it"},
        WrongInput{"CheckupWithoutModel", {"checkup"}, "MODEL is required"},
        WrongInput{"CheckupWithoutData", {"checkup", kModel}, "--data is required"},
        WrongInput{"CheckupOfAMissingFile", {"checkup", "no.file", "--data", kModel}, "no.file: "},
        WrongInput{"CheckupOfADirectory", {"checkup", "/", "--data", kModel}, "/: is a directory"},
        WrongInput{"CheckupOfAText", {"checkup", kText, "--data", kModel}, kText},
        WrongInput{"CheckupOnDataWithoutX", {"checkup", kModel, "--data", kDump}, kDump},
        WrongInput{"DiagnoseNothing", {"diagnose"}, "one of the two"},
        WrongInput{"DiagnoseBoth", {"diagnose", kDump, "--metrics", kText}, "one of the two"},
        WrongInput{"DiagnoseAText", {"diagnose", kText}, kText},
        WrongInput{"DiagnoseOneOfTwoMissing", {"diagnose", kDump, "no.file"}, "no.file: "},
        WrongInput{"MetricsThatAreNone", {"diagnose", "--metrics", kText}, kText},
        WrongInput{"JsonWithoutPath", {"compare", "--json", ""}, "--json: the value is empty"},
        WrongInput{"OneFileByTwoPaths",
                   {"compare", "--plot", "a.gp", "--json", "./a.gp"},
                   "--json and --plot both write"},
        WrongInput{"OptionTwice", {"compare", "--seed", "1", "--seed", "2"}, "--seed"}),
    [](const auto& input) { return std::string(input.param.title); });

TEST(CommandLine, CublasIsNeverReplacedInSilence) {
  if (is_available(DeviceType::kCuda)) GTEST_SKIP() << "cuBLAS may run here";
  const ProgramResult result = run_program({"compare", "--gemm", "cublas"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "gradvitals: device cuda cannot be used: " +
                            unavailable_reason(DeviceType::kCuda) + "\n");
}

TEST(CommandLine, HelpIsAResult) {
  for (const Arguments& arguments :
       {Arguments{"--help"}, Arguments{"compare", "--help"}, Arguments{"info", "--help"}}) {
    const ProgramResult result = run_program(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_NE(result.out.find("Usage:"), std::string::npos);
    EXPECT_EQ(result.err, "");
  }
}

TEST(CommandLine, HelpNamesEveryCommandAndExitCode) {
  const std::string help = run_program({"--help"}).out;
  for (const char* text :
       {"compare", "checkup", "diagnose", "train", "info", "Exit codes: 0", "--version"}) {
    EXPECT_NE(help.find(text), std::string::npos) << text;
  }
}

TEST(CommandLine, InfoTellsWhyADeviceIsNotUsable) {
  const ProgramResult result = run_program({"info"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* text :
       {"gradvitals ", "  cpu ", "  cuda ", "  sim ", "not usable: ", "  gnuplot "}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << " in\n" << result.out;
  }
}

// fmt::print throws where it cannot write: the program was aborted in the middle of its last words.
TEST(CommandLine, AnErrorThatCannotBeToldStillHasExitCodeTwo) {
  EXPECT_EQ(run_in_shell("\"$gradvitals\" comprae 2> /dev/full"), 2);
  EXPECT_EQ(run_in_shell("\"$gradvitals\" comprae 2>&-"), 2);
}

TEST(CommandLine, AnErrorOnAClosedPipeStillHasExitCodeTwo) {
  const TemporaryFolder folder;
  const std::string code = folder.file("code");
  // The reader is gone before the program writes: its pipe would raise SIGPIPE.
  run_in_shell("{ sleep 0.2; \"$gradvitals\" comprae 2>&1; echo $? > '" + code + "'; } | true");
  EXPECT_EQ(read_file(code), "2\n");
}

TEST(CommandLine, AResultIsWholeWhereNotesCannotBeWritten) {
  const TemporaryFolder folder;
  const std::string out = folder.file("out.json");
  for (const char* stderr_lost : {"2> /dev/full", "2>&-", "<&- 2>&-"}) {
    const std::string line = fmt::format("\"$gradvitals\" diagnose '{}' --json '{}' > /dev/null {}",
                                         kDump, out, stderr_lost);
    EXPECT_EQ(run_in_shell(line), 0) << line;
    EXPECT_TRUE(read_file(out).ends_with("}\n")) << line;
  }
}

TEST(CommandLine, AClosedStandardOutputIsAnError) {
  EXPECT_EQ(run_in_shell("\"$gradvitals\" --version >&- 2> /dev/null"), 2);
}

}  // namespace
}  // namespace gradvitals::test
