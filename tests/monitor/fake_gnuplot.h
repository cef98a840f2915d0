// A gnuplot of the test's own.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "monitor/report/figure/gnuplot.h"
#include "tests/support/temporary_folder.h"

namespace gradvitals::test {

/// PATH for the length of a scope.
class PathVariable {
 public:
  explicit PathVariable(const std::string& value) {
    if (const char* old = std::getenv("PATH")) saved_ = old;
    ::setenv("PATH", value.c_str(), 1);
  }
  PathVariable(const PathVariable&) = delete;
  PathVariable& operator=(const PathVariable&) = delete;
  ~PathVariable() { ::setenv("PATH", saved_.c_str(), 1); }

 private:
  std::string saved_;
};

/// A program called gnuplot that does what the shell lines say, first on PATH while this lives.
class FakeGnuplot {
 public:
  explicit FakeGnuplot(const std::string& lines)
      : path_variable_(folder_.path() + ":/usr/bin:/bin") {
    const std::string program = folder_.file("gnuplot");
    std::ofstream(program) << "#!/bin/sh\n" << lines << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }

 private:
  TemporaryFolder folder_;
  PathVariable path_variable_;
};

/// The error of run_gnuplot(); empty without one.
inline std::string message_of_run(std::string_view script,
                                  std::chrono::milliseconds limit = kGnuplotLimit) {
  try {
    run_gnuplot(script, limit);
  } catch (const GnuplotError& error) {
    return error.what();
  }
  return "";
}

}  // namespace gradvitals::test
