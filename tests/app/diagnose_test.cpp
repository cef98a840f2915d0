// Contract: `gradvitals diagnose`. Oracle: the recorded interpretations and dumps
// (tests/data/golden), made by the notebook's own interpreter, NumPy and PyTorch.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/app/run_program.h"
#include "tests/golden/golden_file.h"
#include "tests/support/expect_close.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

std::string dump(const std::string& name) {
  return golden_path("gradients", name, ".safetensors");
}

std::string without_blank_lines_around(const std::string& text) {
  const std::size_t first = text.find_first_not_of('\n');
  return text.substr(first, text.find_last_not_of('\n') - first + 1);
}

class DiagnoseMetrics : public testing::TestWithParam<std::string> {};

TEST_P(DiagnoseMetrics, NotebookRulesPrintItsOwnTextToTheByte) {
  const ProgramResult result =
      run_program({"diagnose", "--metrics", golden_path("interpret", GetParam(), ".metrics.json"),
                   "--rules", "seed"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(without_blank_lines_around(result.out),
            without_blank_lines_around(read_file(golden_path("interpret", GetParam(), ".txt"))));
}

INSTANTIATE_TEST_SUITE_P(Recorded, DiagnoseMetrics,
                         testing::ValuesIn(golden_names("interpret", ".metrics.json")),
                         [](const auto& golden) {
                           std::string name = golden.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

class DiagnoseDump : public testing::TestWithParam<std::string> {};

TEST_P(DiagnoseDump, JsonHoldsTheRecordedStatistics) {
  const ProgramResult result = run_program({"diagnose", dump(GetParam()), "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json written = json::parse(result.out).at("tensors");
  const json expected = read_expected("gradients", GetParam()).at("tensors");
  ASSERT_GT(expected.size(), 0U);
  ASSERT_EQ(written.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(expected[i].at("name"));
    EXPECT_EQ(written[i].at("role"), "gradient");
    for (const char* key : {"name", "dtype", "count", "zero_count", "subnormal_count", "nan_count",
                            "inf_count", "first_nonfinite_index", "min_abs_nonzero"}) {
      EXPECT_EQ(written[i].at(key), expected[i].at(key)) << key;
    }
    const json& rms = expected[i].at("rms");
    EXPECT_EQ(written[i].at("rms").is_null(), rms.is_null());
    if (rms.is_null()) continue;
    EXPECT_EQ(written[i].at("max_abs"), expected[i].at("max_abs"));
    expect_close(written[i].at("rms").get<double>(), rms.get<double>(), kGoldenStatistic);
    expect_close(written[i].at("l2_norm").get<double>(), expected[i].at("l2_norm").get<double>(),
                 kGoldenStatistic);
  }
}

INSTANTIATE_TEST_SUITE_P(Dumps, DiagnoseDump, testing::ValuesIn(golden_names("gradients")),
                         [](const auto& golden) { return golden.param; });

TEST(Diagnose, SeveralDumpsAreStepsOfOneRunWithARowEach) {
  const std::vector<std::string> files = {dump("torch_lstm_f32"), dump("torch_convnet_bf16"),
                                          dump("torch_transformer_f16")};
  std::vector<std::string> command = {"diagnose"};
  command.insert(command.end(), files.begin(), files.end());
  const ProgramResult text = run_program(command);
  EXPECT_EQ(text.exit_code, 0) << text.err;
  for (const std::string& file : files) {
    EXPECT_NE(text.out.find("ANALYZING: " + file), std::string::npos) << text.out;
  }
  const std::size_t table = text.out.find("STEPS OF ONE RUN");
  ASSERT_NE(table, std::string::npos) << text.out;
  // In the order of their names.
  const std::size_t first = text.out.find("torch_convnet_bf16 ", table);
  const std::size_t second = text.out.find("torch_lstm_f32 ", table);
  EXPECT_TRUE(first < second && second < text.out.find("torch_transformer_f16 ", table))
      << text.out;

  command.insert(command.end(), {"--json", "-"});
  const json written = json::parse(run_program(command).out);
  EXPECT_EQ(written.at("schema"), "gradvitals.comparison/1");
  ASSERT_EQ(written.at("networks").size(), files.size());
  EXPECT_EQ(written.at("networks")[1].at("name"), files[0]);
  EXPECT_EQ(written.at("run").at("steps"), 3);
}

TEST(Diagnose, FilesOfOneNameAreToldApartByTheirFolders) {
  const TemporaryFolder folder;
  for (const auto& [step, source] :
       {std::pair("/step_1", "convnet"), std::pair("/step_2", "torch_lstm_f32")}) {
    std::filesystem::create_directory(folder.path() + step);
    std::filesystem::copy_file(dump(source), folder.path() + step + "/grads.safetensors");
  }
  const ProgramResult result = run_program({"diagnose", folder.file("step_1/grads.safetensors"),
                                            folder.file("step_2/grads.safetensors")});
  const std::size_t table = result.out.find("STEPS OF ONE RUN");
  EXPECT_NE(result.out.find(" step_1/grads", table), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" step_2/grads", table), std::string::npos) << result.out;
}

TEST(Diagnose, WhatIsNoFileOfGradientsAtAllIsToldWhatIsRead) {
  const TemporaryFolder folder;
  const auto message_of = [&folder](const char* name, const std::string& content) {
    std::ofstream(folder.file(name), std::ios::binary) << content;
    const ProgramResult result = run_program({"diagnose", folder.file(name)});
    EXPECT_EQ(result.exit_code, 2) << result.out;
    return result.err;
  };
  const auto expect_said = [](const std::string& message, const std::string& what) {
    EXPECT_NE(message.find(what), std::string::npos) << message;
    EXPECT_NE(message.find("gradients are read as safetensors"), std::string::npos) << message;
    EXPECT_EQ(message.find("line "), std::string::npos) << message;
  };
  expect_said(
      message_of("README.md", "# gradvitals\n\nTells, at every step, how it is.\n\nMore.\n"),
      "README.md: is text, and no table of norms");
  expect_said(message_of("a.png", "\x89PNG\r\n\x1a\n"), "is a picture");
  expect_said(message_of("a.pdf", "%PDF-1.4\nx\n"), "is a PDF document");
  expect_said(message_of("a.bin", "\x01\x02\x03\x04\x05\x06\x07\x08\x09"),
              "nor is it of another known kind");
  const std::string page = message_of("norms.csv", "<!DOCTYPE html>\n<p>not found\n");
  EXPECT_NE(page.find("is an HTML page"), std::string::npos) << page;
}

TEST(Diagnose, ShardsAreNoStepsOfARun) {
  const TemporaryFolder folder;
  const std::string first = folder.file("m-00001-of-00002.safetensors"),
                    second = folder.file("m-00002-of-00002.safetensors");
  for (const std::string& shard : {first, second}) {
    std::filesystem::copy_file(dump("convnet"), shard);
  }
  const std::vector<std::vector<std::string>> commands{{"diagnose", first, second},
                                                       {"diagnose", second}};
  for (const std::vector<std::string>& command : commands) {
    const ProgramResult result = run_program(command);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_NE(result.err.find(command[1]), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("index.json"), std::string::npos) << result.err;
  }
  const std::string whole = folder.file("m-00001-of-00001.safetensors");
  std::filesystem::copy_file(dump("convnet"), whole);
  EXPECT_EQ(run_program({"diagnose", whole}).exit_code, 0);
}

TEST(Diagnose, TwoFilesOfOneStepAreNoRun) {
  const TemporaryFolder folder;
  const std::string header =
      R"({"__metadata__":{"step":"7"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string one = folder.file("a.safetensors"), two = folder.file("b.safetensors");
  for (const std::string& path : {one, two}) {
    std::ofstream out(path, std::ios::binary);
    const auto size = static_cast<std::uint64_t>(header.size());
    for (int byte = 0; byte < 8; ++byte) out.put(static_cast<char>(size >> (8 * byte) & 0xFF));
    out << header << std::string("\0\0\x80\x3f", 4);
  }
  const ProgramResult result = run_program({"diagnose", one, two});
  EXPECT_EQ(result.exit_code, 2) << result.out;
  EXPECT_NE(result.err.find(one), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(two), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("step 7"), std::string::npos) << result.err;
}

TEST(Diagnose, AFileThatIsReadIsNotWritten) {
  const TemporaryFolder folder;
  const std::string given = folder.file("in.safetensors"), link = folder.file("link.json"),
                    hard_link = folder.file("hard.json");
  std::filesystem::copy_file(dump("convnet"), given);
  std::filesystem::create_symlink(given, link);
  std::filesystem::create_hard_link(given, hard_link);
  const std::string before = read_file(given);
  for (const std::string& output : {given, link, hard_link}) {
    const ProgramResult result = run_program({"diagnose", given, "--json", output});
    EXPECT_EQ(result.exit_code, 2) << output;
    EXPECT_NE(result.err.find("'" + output + "' is read"), std::string::npos) << result.err;
    EXPECT_EQ(read_file(given), before) << output;
  }
  const ProgramResult weights =
      run_program({"diagnose", dump("convnet"), "--weights", given, "--json", given});
  EXPECT_EQ(weights.exit_code, 2);
  EXPECT_EQ(read_file(given), before);
}

TEST(Diagnose, AShardThatIsReadIsNotWritten) {
  const TemporaryFolder folder;
  const std::filesystem::path formats(GRADVITALS_TEST_DATA "/golden/public/formats");
  const std::string shard = "model-00002-of-00002.safetensors";
  const std::string index = folder.file("model.safetensors.index.json");
  for (const std::string& name : {std::string("model.safetensors.index.json"),
                                  std::string("model-00001-of-00002.safetensors"), shard}) {
    std::filesystem::copy_file(formats / name, folder.file(name));
  }
  const std::string before = read_file(folder.file(shard));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"diagnose", index},
        {"diagnose", index, "--weights", index},
        {"diagnose", folder.file(shard), "--parameters", index}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--json", folder.file(shard)});
    const ProgramResult result = run_program(all);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find("'" + folder.file(shard) + "' is read"), std::string::npos)
        << result.err;
    EXPECT_EQ(read_file(folder.file(shard)), before);
  }
  EXPECT_EQ(run_program({"diagnose", index, "--json", folder.file("new.json")}).exit_code, 0);
}

TEST(Diagnose, AnEmptyTensorAtAnOddAddressIsRead) {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},)"
                             R"("b":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}})";
  std::ofstream(folder.file("dump"), std::ios::binary)
      << std::string({static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0}) << header
      << std::string("\x00\x3c", 2);
  EXPECT_EQ(run_program({"diagnose", folder.file("dump")}).exit_code, 0);
}

TEST(Diagnose, TheGateSaysWhyItTripped) {
  const ProgramResult result =
      run_program({"diagnose", dump("non_finite"), "--fail-on", "critical", "--json", "-"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("--fail-on critical: " + dump("non_finite") +
                            " is non_finite, its worst finding critical"),
            std::string::npos)
      << result.err;
}

TEST(Diagnose, NonFiniteGradientsAreDiagnosedAndNoInputError) {
  const ProgramResult result = run_program({"diagnose", dump("non_finite"), "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const json written = json::parse(result.out);
  EXPECT_EQ(written.at("verdict"), "non_finite");
  EXPECT_EQ(written.at("severity"), "critical");
  EXPECT_EQ(run_program({"diagnose", dump("non_finite"), "--fail-on", "critical"}).exit_code, 1);
}

TEST(Diagnose, NonFiniteMetricsAreCriticalByTheFullRules) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("m.json"))
      << R"({"min_gradient": null, "max_gradient": null, "mean_gradient": null,
             "std_gradient": null, "vanished_layers": 0, "weak_layers": 0, "total_layers": 2,
             "gradient_norms": [0.1, null]})";
  const ProgramResult full =
      run_program({"diagnose", "--metrics", folder.file("m.json"), "--json", "-"});
  EXPECT_EQ(json::parse(full.out).at("verdict"), "non_finite");
  const ProgramResult seed =
      run_program({"diagnose", "--metrics", folder.file("m.json"), "--rules", "seed"});
  EXPECT_NE(seed.out.find("Max gradient: nan"), std::string::npos) << seed.out;
}

TEST(Diagnose, NothingToJudgeIsExitCodeThree) {
  const TemporaryFolder folder;
  const std::string no_tensors = "{}";
  const std::string no_elements = R"({"w":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}})";
  for (const std::string& header : {no_tensors, no_elements}) {
    const auto size = static_cast<char>(header.size());
    std::ofstream(folder.file("dump"), std::ios::binary)
        << std::string({size, 0, 0, 0, 0, 0, 0, 0}) << header;
    const ProgramResult result = run_program({"diagnose", folder.file("dump")});
    EXPECT_EQ(result.exit_code, 3) << header;
    EXPECT_NE(result.err.find(folder.file("dump") + ": nothing to judge"), std::string::npos)
        << result.err;
  }
  const ProgramResult beside =
      run_program({"diagnose", folder.file("dump"), dump("torch_lstm_f32")});
  EXPECT_EQ(beside.exit_code, 0);
  EXPECT_NE(beside.err.find(folder.file("dump") + ": nothing to judge"), std::string::npos);
}

TEST(Diagnose, DrawsARunOfAnyLength) {
  const TemporaryFolder folder;
  std::ofstream log(folder.file("log.csv"));
  log << "step,grad_norm\n";
  for (int step = 1; step <= 100; ++step) log << step << ",0.5\n";
  log.close();
  const ProgramResult result = run_program(
      {"diagnose", "--metrics", folder.file("log.csv"), "--plot", folder.file("run.gp")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(read_file(folder.file("run.gp")).find("Gradient norms of 100 steps"),
            std::string::npos);
}

TEST(Diagnose, DrawsNoMoreThanAFigureHoldsOfWhatIsNoRun) {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})";
  std::vector<std::string> arguments{"diagnose", "--plot", folder.file("run.gp")};
  for (int i = 0; i < 49; ++i) {
    arguments.push_back(folder.file(std::to_string(i) + ".safetensors"));
    std::ofstream(arguments.back(), std::ios::binary)
        << std::string({static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0}) << header
        << std::string("\x00\x3c", 2);
  }
  const ProgramResult result = run_program(arguments);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(
      result.err.ends_with("--plot draws 48 steps at most where they do not say their "
                           "numbers, not 49: write the number of each step into its file, as "
                           "metadata 'step', or leave --plot out\n"))
      << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder.file("run.gp")));
}

}  // namespace
}  // namespace gradvitals::test
