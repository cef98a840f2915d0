// Runs the built program as a user would.
#pragma once

#include <string>
#include <vector>

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

/// The exit code of a line that the shell runs; the variable `gradvitals` holds the program's path.
/// For what only a shell can arrange: closed streams, pipes.
int run_in_shell(const std::string& line);

/// A folder of its own for one test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// The path of a file in it.
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// Names of everything in it, sorted.
  std::vector<std::string> entries() const;

 private:
  std::string path_;
};

/// The whole content of a file; fails the test where it cannot be read.
std::string read_file(const std::string& path);

}  // namespace gradvitals::test
