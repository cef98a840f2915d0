#include "app/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "framework/io/open_file.h"
#include "framework/io/write_file.h"

namespace gradvitals::app {

void write_result(const std::string& target, std::string_view content) {
  const bool is_stdout = target == "-";
  try {
    if (is_stdout) {
      write_all(STDOUT_FILENO, content);
    } else {
      write_file(target, content);
    }
  } catch (const std::system_error& error) {
    throw OutputError(fmt::format("cannot write {}: {}", is_stdout ? "standard output" : target,
                                  error.code().message()));
  }
}

}  // namespace gradvitals::app
