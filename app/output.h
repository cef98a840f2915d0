// Output: where results go, and how a failed write shows.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvitals::app {

/// A result that could not be written: what() names the path and the reason.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes all of `text` to standard output. Throws OutputError on a failed or short write.
void write_stdout(std::string_view text);

/// Writes a file as a whole or not at all: `produce` is given the path to write, a temporary name
/// beside `target` that is renamed when it returns and removed when it throws. An existing target
/// that is no regular file (a device, a pipe) is written in place.
void replace_file(const std::filesystem::path& target,
                  const std::function<void(const std::filesystem::path&)>& produce);

/// replace_file() with `text` as the content; "-" is standard output.
void write_text(const std::string& target, std::string_view text);

}  // namespace gradvitals::app
