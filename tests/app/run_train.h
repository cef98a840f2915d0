// Runs `gradvitals train` on one thread of the CPU, and what it is run on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/app/run_program.h"

namespace gradvitals::test {

using TrainArguments = std::vector<std::string>;

ProgramResult run_train(TrainArguments arguments);

/// The report of a training that ends well.
nlohmann::json train_json(TrainArguments arguments);

/// Writes 200 points of a plane, y = 1 where x0 > x1, as x0,x1,y: learnt in a second.
std::string write_points(const TemporaryFolder& folder);

}  // namespace gradvitals::test
