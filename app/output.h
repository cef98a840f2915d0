// Output: where results go, and how a failed write shows.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvitals::app {

/// A result that could not be written: what() names the path and the reason.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes a result as a whole or not at all; "-" is standard output. A regular file is replaced by
/// replace_file(), so that a write that fails or is interrupted leaves what was there and nothing
/// else; it keeps its permissions. An existing target that is no regular file (a device, a pipe) is
/// written in place. Throws OutputError.
void write_result(const std::string& target, std::string_view content);

}  // namespace gradvitals::app
