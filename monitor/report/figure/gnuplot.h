// gnuplot as a child process.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvitals {

/// gnuplot failed or could not be run: what() holds its message.
class GnuplotError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// There is no gnuplot on PATH: what() says what to install and what works without it.
class GnuplotNotFound : public GnuplotError {
 public:
  using GnuplotError::GnuplotError;
};

/// Time limit: a figure of 48 networks takes gnuplot some seconds.
inline constexpr std::chrono::milliseconds kGnuplotLimit{30'000};

/// Runs a script and returns what it drew on its standard output. The user's ~/.gnuplot is not
/// read, no shell is involved, and signals of the process are left as they are. gnuplot runs in a
/// process group of its own, which is killed where it takes longer than `limit`. Throws
/// GnuplotNotFound, and GnuplotError where gnuplot fails, draws nothing or does not finish.
std::string run_gnuplot(std::string_view script, std::chrono::milliseconds limit = kGnuplotLimit);

}  // namespace gradvitals
