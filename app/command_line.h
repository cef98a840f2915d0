// The command line: commands, options and the parsing of values. A wrapper of CLI11, which only
// command_line.cpp includes: that header takes longer to compile than all of app/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace gradvitals::app {

/// An invalid command line, or options that contradict each other: what() names them.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// `way_out` are lines to type, shown below the message.
  UsageError(const std::string& message, std::vector<std::string> way_out)
      : std::runtime_error(message), way_out_(std::move(way_out)) {}

  const std::vector<std::string>& way_out() const { return way_out_; }

 private:
  std::vector<std::string> way_out_;
};

/// One command, to which options are added. Names start with "--", those of positional arguments do
/// not; `type` is what the help shows for the value. An option with an empty text is refused. Variables
/// keep their value where an option is not given, and must live until the line has been parsed.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// The help lists options that are added from here on under this title.
  void group(const std::string& title);

  void flag(const std::string& name, bool& value, const std::string& help);

  void text(const std::string& name, std::string& value, const std::string& type,
            const std::string& help);
  void text(const std::string& name, std::optional<std::string>& value, const std::string& type,
            const std::string& help);
  /// A required option.
  void required_text(const std::string& name, std::string& value, const std::string& type,
                     const std::string& help);
  /// Positional arguments, as many as there are.
  void positional_texts(const std::string& name, std::vector<std::string>& values,
                        const std::string& help);
  /// An option that may be given more than once, with a value each time.
  void repeated_text(const std::string& name, std::vector<std::string>& values,
                     const std::string& type, const std::string& help);

  /// A whole number from `low` to `high`. `default_text` stands for the value in the help.
  void integer(const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high,
               const std::string& help, const std::string& default_text);
  void integer(const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high,
               const std::string& help) {
    integer(name, value, low, high, help, std::to_string(value));
  }
  void integer(const std::string& name, std::optional<std::int64_t>& value, std::int64_t low,
               std::int64_t high, const std::string& help);
  /// A finite number above 0.
  void positive_number(const std::string& name, std::optional<double>& value,
                       const std::string& help);

  /// A number from 0 on, and below `limit`.
  void number_from_zero(const std::string& name, std::optional<double>& value, double limit,
                        const std::string& help);

  /// One of the words in `choices`.
  void word(const std::string& name, const std::vector<std::string>& choices,
            const std::string& default_word, const std::string& help,
            const std::function<void(const std::string&)>& assign);

  /// A value parsed by `read`, which throws std::invalid_argument with the reason.
  void parsed(const std::string& name, const std::string& type, const std::string& default_text,
              const std::string& help, const std::function<void(const std::string&)>& read);

  /// Whether the line that was parsed calls the command.
  bool was_called() const;
  /// The names of the options that it gives.
  std::vector<std::string> given() const;

 private:
  CLI::App* app_;
};

/// The program and its commands, one of which a line must call.
class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& version,
              const std::string& footer);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command add_command(const std::string& name, const std::string& description);

  /// The text to print if the line requests help or the version; else none. Throws UsageError naming
  /// what is missing, unknown or of the wrong kind, with what was probably meant.
  std::optional<std::string> parse(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
  std::vector<std::string> commands_;
};

}  // namespace gradvitals::app
