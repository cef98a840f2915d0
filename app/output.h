// Output: where results go, and how a failed write shows.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "framework/io/replace_file.h"

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
/// The same of content that is not in memory; not for standard output.
void write_result(const std::string& target, const FileContent& content);

/// Before a long computation whose result goes there: throws OutputError naming the option and the path
/// where write_result() could not write; "-" is fine. Changes nothing.
void check_output(std::string_view option, const std::string& target);
/// The same of a folder that will be made.
void check_output_folder(std::string_view option, const std::string& folder);

}  // namespace gradvitals::app
