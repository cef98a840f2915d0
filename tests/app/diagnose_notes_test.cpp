// Contract: the notes of `gradvitals diagnose` on its inputs, beside the verdict: each thing once, with
// the files that it is true of. Oracle: files made by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {
namespace {

constexpr char kNorms[] = R"({"step":10,"a":0.1,"b":0.2})";
constexpr char kMoreNorms[] = R"({"step":11,"a":0.2,"b":0.1})";
constexpr char kEvaluation[] = R"({"step":10,"eval_loss":0.5})";

std::string write_lines(const TemporaryFolder& folder, const std::string& name,
                        const std::vector<std::string>& lines) {
  std::ofstream file(folder.file(name));
  for (const std::string& line : lines) file << line << '\n';
  return folder.file(name);
}

TEST(DiagnoseNotes, OfARecordSayWhatWasLeftOutOfWhichFile) {
  const TemporaryFolder folder;
  const std::string path =
      write_lines(folder, "log.jsonl", {kNorms, kEvaluation, kMoreNorms, kEvaluation});
  const std::string expected = path + ": 2 of 4 records have no gradient norm and are left out";
  const ProgramResult full = run_program({"diagnose", path});
  EXPECT_EQ(full.exit_code, 0) << full.err;
  EXPECT_NE(full.out.find(expected + "\n"), std::string::npos) << full.out;
  const ProgramResult seed = run_program({"diagnose", path, "--rules", "seed"});
  EXPECT_NE(seed.err.find(expected), std::string::npos) << seed.err;
  EXPECT_EQ(std::ranges::count(seed.err, '\n'), 1) << seed.err;
}

TEST(DiagnoseNotes, SayWhichRecordOfARepeatedStepIsUsed) {
  const TemporaryFolder folder;
  const std::string again = R"({"step":10,"a":0.3,"b":NaN})";
  const std::string restarted =
      write_lines(folder, "restarted.jsonl",
                  {R"({"step":10,"a":NaN,"b":0.2})", kMoreNorms, kNorms, kMoreNorms});
  const ProgramResult result = run_program({"diagnose", restarted});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(
      result.out.find("2 records are of a step that is recorded again later, as where a run is "
                      "restarted: the last record of a step is used and these are left out, "
                      "first of step 10; 1 of them holds NaN or Inf\n"),
      std::string::npos)
      << result.out;
  EXPECT_EQ(result.out.find("non_finite"), std::string::npos) << result.out;
  const ProgramResult in_a_row =
      run_program({"diagnose", write_lines(folder, "row.jsonl", {kNorms, again, kMoreNorms})});
  EXPECT_NE(in_a_row.out.find("2 records say the same step as another, first step 10: each "
                              "is judged as a step of its own\n"),
            std::string::npos)
      << in_a_row.out;
}

TEST(DiagnoseNotes, NameTheFilesThatTheyAreTrueOf) {
  const TemporaryFolder folder;
  const std::string whole = write_lines(folder, "a.jsonl", {kNorms, kMoreNorms}),
                    one = write_lines(folder, "b.jsonl", {kNorms, kMoreNorms, kEvaluation}),
                    two = write_lines(folder, "c.jsonl", {kNorms, kMoreNorms, kEvaluation});
  const std::string said = ": 1 of 3 records has no gradient norm and is left out";
  const ProgramResult some = run_program({"diagnose", whole, one, two});
  EXPECT_EQ(some.exit_code, 0) << some.err;
  EXPECT_NE(some.out.find(one + " and " + two + said), std::string::npos) << some.out;
  const ProgramResult all = run_program({"diagnose", one, two, "--rules", "seed"});
  EXPECT_NE(all.err.find("all 2 files" + said), std::string::npos) << all.err;
  EXPECT_EQ(std::ranges::count(all.err, '\n'), 1) << all.err;
}

}  // namespace
}  // namespace gradvitals::test
