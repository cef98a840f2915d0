// Contract: what `gradvitals diagnose` says of its inputs beside the verdict: each thing once, with
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
