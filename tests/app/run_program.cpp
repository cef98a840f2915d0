#include "tests/app/run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace gradvitals::test {
namespace {

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> merged = changes;
  std::erase_if(merged, [](const std::string& entry) { return entry.find('=') == entry.npos; });
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const bool changed = std::ranges::any_of(changes, [&](const std::string& change) {
      return change.substr(0, change.find('=')) == name;
    });
    if (!changed) merged.push_back(text);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// The program while it runs, and what it prints.
class RunningProgram {
 public:
  RunningProgram(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int kWritten = O_WRONLY | O_CREAT;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), kWritten, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), kWritten, 0600);
    std::vector<std::string> words = {GRADVITALS_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables = merged_environment(environment);
    const int error = posix_spawn(&child_, GRADVITALS_PROGRAM, &actions, nullptr,
                                  pointers(words).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " GRADVITALS_PROGRAM);
  }

  /// Not after wait(): the process may be another's then.
  void kill() const { ::kill(child_, SIGKILL); }

  ProgramResult wait() const {
    int status = 0;
    waitpid(child_, &status, 0);
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = read_file(out_),
            .err = read_file(err_)};
  }

 private:
  TemporaryFolder folder_;
  std::string out_ = folder_.file("out");
  std::string err_ = folder_.file("err");
  pid_t child_ = 0;
};

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments,
                          const std::vector<std::string>& environment) {
  return RunningProgram(arguments, environment).wait();
}

ProgramResult run_and_kill(const std::vector<std::string>& arguments,
                           std::chrono::microseconds after) {
  const RunningProgram program(arguments, {});
  std::this_thread::sleep_for(after);
  program.kill();  // One that has ended has its number until it is waited for.
  return program.wait();
}

int run_in_shell(const std::string& line) {
  const std::string script = "gradvitals='" GRADVITALS_PROGRAM "'\n" + line;
  const int status = std::system(script.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace gradvitals::test
