#include "tests/app/run_train.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>

namespace gradvitals::test {

ProgramResult run_train(TrainArguments arguments) {
  arguments.insert(arguments.begin(), {"train", "--device", "cpu", "--threads", "1"});
  return run_program(arguments);
}

nlohmann::json train_json(TrainArguments arguments) {
  arguments.insert(arguments.end(), {"--json", "-"});
  const ProgramResult result = run_train(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

std::string write_points(const TemporaryFolder& folder) {
  std::ofstream file(folder.file("points.csv"));
  file << "x0,x1,y\n";
  for (int i = 0; i < 200; ++i) {
    const double x0 = (i * 37 % 101) / 50.0 - 1.0;
    const double x1 = (i * 53 % 97) / 48.0 - 1.0;
    file << fmt::format("{},{},{}\n", x0, x1, x0 > x1 ? 1 : 0);
  }
  return folder.file("points.csv");
}

}  // namespace gradvitals::test
