// Runs the built program as a user would.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace gradvitals::test {

struct ProgramResult {
  int exit_code = -1;  ///< 128 + signal where it was killed.
  std::string out;
  std::string err;
};

/// Runs `gradvitals ARGUMENTS...` without a terminal, in the folder of the test, with the given
/// variables ("NAME=value") beside those of the test; "NAME" alone removes one.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& environment = {});

/// The same, ended by SIGKILL after that time unless it ended before.
ProgramResult run_and_kill(const std::vector<std::string>& arguments,
                           std::chrono::microseconds after);

/// The exit code of a line that the shell runs; the variable `gradvitals` holds the program's path.
/// For what only a shell can arrange: closed streams, pipes.
int run_in_shell(const std::string& line);

}  // namespace gradvitals::test
