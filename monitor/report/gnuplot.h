// gnuplot as a child process.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvitals {

/// gnuplot ran and failed, or could not be run: what() holds what it said.
class GnuplotError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// There is no gnuplot on PATH: what() says what to install and what works without it.
class GnuplotNotFound : public GnuplotError {
 public:
  using GnuplotError::GnuplotError;
};

/// Runs a script and returns what it drew on its standard output. The user's ~/.gnuplot is not
/// read, no shell is involved, and signals of the process are left as they are. Throws
/// GnuplotNotFound, and GnuplotError where gnuplot fails or draws nothing.
std::string run_gnuplot(std::string_view script);

}  // namespace gradvitals
