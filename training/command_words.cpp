#include "training/command_words.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

namespace gradvitals {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";
/// Without quotes these mean something to a shell. Whoever writes them expects one.
constexpr std::string_view kForShells = "|&;<>`$()";
/// Where PATH is not set: as execvp() of glibc has it.
constexpr char kUsualPath[] = "/bin:/usr/bin";

class CommandReader {
 public:
  explicit CommandReader(std::string_view command) : rest_(command) {}

  std::vector<std::string> read() && {
    while (!rest_.empty()) read_piece(take());
    end_word();
    if (words_.empty()) throw std::invalid_argument("the command is empty");
    return std::move(words_);
  }

 private:
  char take() {
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }

  std::string& word() { return word_ ? *word_ : word_.emplace(); }

  void end_word() {
    if (word_) words_.push_back(*std::exchange(word_, std::nullopt));
  }

  void read_piece(char letter) {
    if (kBlanks.find(letter) != std::string_view::npos) {
      end_word();
    } else if (letter == '\'' || letter == '"') {
      read_quoted(letter);
    } else if (letter == '\\') {
      if (rest_.empty()) throw std::invalid_argument("the command ends with a backslash");
      word() += take();
    } else if (kForShells.find(letter) != std::string_view::npos) {
      throw std::invalid_argument(fmt::format(
          "no shell runs the command, so '{}' needs quotes; sh -c 'COMMAND' calls a shell",
          letter));
    } else {
      word() += letter;
    }
  }

  void read_quoted(char quote) {
    std::string& text = word();
    for (;;) {
      if (rest_.empty()) {
        throw std::invalid_argument(fmt::format("a quote ({}) is not closed", quote));
      }
      const char letter = take();
      if (letter == quote) return;
      const bool escapes = letter == '\\' && quote == '"' && !rest_.empty() &&
                           (rest_.front() == '"' || rest_.front() == '\\');
      text += escapes ? take() : letter;
    }
  }

  std::string_view rest_;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
};

/// Signs that a shell takes as they are, wherever in a word they stand.
constexpr std::string_view kPlainSigns = "_-+=:,./@%";

bool needs_no_quotes(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || kPlainSigns.find(letter) != std::string_view::npos;
}

std::string in_shell_quotes(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, needs_no_quotes)) return word;
  std::string quoted = "'";
  for (const char letter : word) {
    // Between single quotes nothing can stand for one: they end, and begin again behind it.
    quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return quoted + "'";
}

bool is_program_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::vector<std::string> split_command(std::string_view command) {
  return CommandReader(command).read();
}

std::string command_text(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += in_shell_quotes(word);
  }
  return text;
}

bool can_be_run(const std::string& program) {
  if (program.find('/') != std::string::npos) return is_program_file(program);
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : kUsualPath;
  for (;;) {
    const std::size_t end = rest.find(':');
    const std::string folder(rest.substr(0, end));
    // An empty entry is the current folder.
    if (is_program_file((folder.empty() ? "." : folder) + "/" + program)) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace gradvitals
