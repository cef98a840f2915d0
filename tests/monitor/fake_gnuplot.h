// A gnuplot of the test's own.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "monitor/report/gnuplot.h"

namespace gradvitals::test {

/// A folder of its own for each test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gradvitals_figure_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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
      : path_variable_(folder_.path().string() + ":/usr/bin:/bin") {
    const std::filesystem::path program = folder_.path() / "gnuplot";
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
