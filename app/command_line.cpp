#include "app/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <system_error>

#include "kernels/runtime/did_you_mean.h"

namespace gradvitals::app {
namespace {

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool looks_like_option(const std::string& argument) {
  return argument.starts_with('-') && argument.size() > 1;
}

/// The command with superfluous arguments; else the program.
const CLI::App& command_with_extras(const CLI::App& program) {
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->parsed() && command->remaining_size() > 0) return *command;
  }
  return program;
}

bool has_unknown_option(const CLI::App& program) {
  return std::ranges::any_of(command_with_extras(program).remaining(), looks_like_option);
}

std::string unknown_option_message(const CLI::App& program) {
  const CLI::App& command = command_with_extras(program);
  const std::vector<std::string> unknown = command.remaining();
  const auto option = std::ranges::find_if(unknown, looks_like_option);
  const std::string help = fmt::format("gradvitals {}--help lists them",
                                       &command == &program ? "" : command.get_name() + ' ');
  if (option == unknown.end()) {
    return fmt::format("'{}' is one argument too many; {}", unknown.empty() ? "" : unknown.front(),
                       help);
  }
  const std::string word = option->substr(0, option->find('='));
  const std::string meant = did_you_mean(word, long_options(command));
  return fmt::format("{} is no option{}", word, meant.empty() ? "; " + help : meant);
}

/// Messages of CLI11 on a value begin with the option's name.
std::function<void(const std::string&)> naming(
    const std::string& name, const std::function<void(const std::string&)>& read) {
  return [=](const std::string& text) {
    try {
      read(text);
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
}

/// By hand: CLI11's own conversion saturates silently where a number leaves 64 bits.
std::int64_t read_integer(const std::string& text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < low || value > high) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a whole number from {} to {}", text, low, high));
  }
  return value;
}

/// A finite number, by hand: CLI11 takes "nan" and trailing letters. Empty where the text is none.
std::optional<double> read_finite(const std::string& text) {
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

double read_positive_number(const std::string& text) {
  const std::optional<double> value = read_finite(text);
  if (!value || !(*value > 0.0)) {
    throw std::invalid_argument(fmt::format("'{}' is no positive finite number", text));
  }
  return *value;
}

/// An empty text is a variable of a shell that holds nothing.
CLI::Option* refusing_empty(CLI::Option* option) {
  return option->check(
      [](const std::string& text) { return text.empty() ? "the value is empty" : ""; });
}

}  // namespace

void Command::group(const std::string& title) {
  app_->option_defaults()->group(title);
}

void Command::flag(const std::string& name, bool& value, const std::string& help) {
  app_->add_flag(name, value, help);
}

void Command::text(const std::string& name, std::string& value, const std::string& type,
                   const std::string& help) {
  refusing_empty(app_->add_option(name, value, help))->type_name(type);
}

void Command::text(const std::string& name, std::optional<std::string>& value,
                   const std::string& type, const std::string& help) {
  refusing_empty(app_->add_option(name, value, help))->type_name(type);
}

void Command::required_text(const std::string& name, std::string& value, const std::string& type,
                            const std::string& help) {
  refusing_empty(app_->add_option(name, value, help))->type_name(type)->required();
}

void Command::positional_texts(const std::string& name, std::vector<std::string>& values,
                               const std::string& help) {
  refusing_empty(app_->add_option(name, values, help))->type_name("");
}

void Command::repeated_text(const std::string& name, std::vector<std::string>& values,
                            const std::string& type, const std::string& help) {
  refusing_empty(app_->add_option(name, values, help))
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void Command::integer(const std::string& name, std::int64_t& value, std::int64_t low,
                      std::int64_t high, const std::string& help, const std::string& default_text) {
  parsed(name, "N", default_text, help,
         [=, &value](const std::string& text) { value = read_integer(text, low, high); });
}

void Command::integer(const std::string& name, std::optional<std::int64_t>& value, std::int64_t low,
                      std::int64_t high, const std::string& help) {
  parsed(name, "N", "", help,
         [=, &value](const std::string& text) { value = read_integer(text, low, high); });
}

void Command::positive_number(const std::string& name, std::optional<double>& value,
                              const std::string& help) {
  parsed(name, "X", "", help,
         [&value](const std::string& text) { value = read_positive_number(text); });
}

void Command::number_from_zero(const std::string& name, std::optional<double>& value, double limit,
                               const std::string& help) {
  parsed(name, "X", "", help, [&value, limit](const std::string& text) {
    const std::optional<double> read = read_finite(text);
    if (!read || *read < 0.0 || *read >= limit) {
      const std::string end = std::isfinite(limit) ? fmt::format(", and below {}", limit) : "";
      throw std::invalid_argument(fmt::format("'{}' is no number from 0 on{}", text, end));
    }
    value = read;
  });
}

void Command::word(const std::string& name, const std::vector<std::string>& choices,
                   const std::string& default_word, const std::string& help,
                   const std::function<void(const std::string&)>& assign) {
  const auto read = [=](const std::string& text) {
    if (std::ranges::find(choices, text) == choices.end()) {
      throw std::invalid_argument(
          fmt::format("'{}' is not one of {}", text, fmt::join(choices, ", ")));
    }
    assign(text);
  };
  parsed(name, fmt::format("{}", fmt::join(choices, "|")), default_word, help, read);
}

void Command::parsed(const std::string& name, const std::string& type,
                     const std::string& default_text, const std::string& help,
                     const std::function<void(const std::string&)>& read) {
  CLI::Option* const option =
      app_->add_option_function<std::string>(name, naming(name, read), help)->type_name(type);
  if (!default_text.empty()) option->default_str(default_text);
}

bool Command::was_called() const {
  return app_->parsed();
}

std::vector<std::string> Command::given() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : app_->get_options()) {
    if (option->count() > 0) names.push_back(option->get_name());
  }
  return names;
}

CommandLine::CommandLine(const std::string& description, const std::string& version,
                         const std::string& footer)
    : app_(std::make_unique<CLI::App>(description, "gradvitals")) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
  app_->footer(footer);
}

CommandLine::~CommandLine() = default;

Command CommandLine::add_command(const std::string& name, const std::string& description) {
  commands_.push_back(name);
  return Command(*app_->add_subcommand(name, description));
}

std::optional<std::string> CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // It is the command that misses something, or whose option was misspelled.
    if (has_unknown_option(*app_)) throw UsageError(unknown_option_message(*app_));
    if (!app_->get_subcommands().empty()) throw UsageError(error.what());
    // CLI11 says only that a command is missing, also where one was misspelled.
    if (argc < 2) throw UsageError("a command is missing; gradvitals --help lists them");
    const std::string meant = did_you_mean(argv[1], commands_);
    throw UsageError(fmt::format("'{}' is no command{}", argv[1],
                                 meant.empty() ? "; gradvitals --help lists them" : meant));
  } catch (const CLI::ExtrasError&) {
    throw UsageError(unknown_option_message(*app_));
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    app_->exit(help_or_version, text);
    return text.str();
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  return std::nullopt;
}

}  // namespace gradvitals::app
