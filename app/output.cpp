#include "app/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "framework/io/open_file.h"
#include "framework/io/write_file.h"

namespace gradvitals::app {
namespace {

[[noreturn]] void refuse_output(std::string_view option, const std::string& path,
                                const std::error_code& error) {
  const std::string folder = std::filesystem::path(path).parent_path().native();
  throw OutputError(fmt::format("{}: cannot write {}: {}", option, path,
                                error.value() == ENOENT
                                    ? fmt::format("the folder {} does not exist", folder)
                                    : error.message()));
}

[[noreturn]] void refuse_result(std::string_view target, const std::system_error& error) {
  throw OutputError(fmt::format("cannot write {}: {}", target, error.code().message()));
}

}  // namespace

void write_result(const std::string& target, std::string_view content) {
  if (target != "-") {
    return write_result(target, [content](const OpenFile& file) { file.write(content); });
  }
  try {
    write_all(STDOUT_FILENO, content);
  } catch (const std::system_error& error) {
    refuse_result("standard output", error);
  }
}

void write_result(const std::string& target, const FileContent& content) {
  try {
    write_file(target, content);
  } catch (const std::system_error& error) {
    refuse_result(target, error);
  }
}

void check_output(std::string_view option, const std::string& target) {
  if (target == "-") return;
  try {
    check_writable(target);
  } catch (const std::system_error& error) {
    refuse_output(option, target, error.code());
  }
}

void check_output_folder(std::string_view option, const std::string& folder) {
  try {
    check_writable_folder(folder);
  } catch (const std::system_error& error) {
    refuse_output(option, folder, error.code());
  }
}

}  // namespace gradvitals::app
