// A command line as words: what a shell does before it starts a program, and none of the rest.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradvitals {

/// The program and its arguments. Blanks separate words. 'single quotes' keep everything between
/// them; "double quotes" all but \" and \\; elsewhere a backslash keeps the next character.
/// Adjacent pieces are one word, and '' is an empty one. Nothing is expanded: no variables, no
/// patterns, no ~. Throws std::invalid_argument for a quote that is not closed, a backslash at the
/// end, no word at all, and for what only a shell could do ('|', '>', '$' and the like without
/// quotes), saying how to call one.
std::vector<std::string> split_command(std::string_view command);

/// The command that split_command(), and a shell, read as these words: those that need quotes have
/// them.
std::string command_text(std::span<const std::string> words);

/// Whether the program is there and may be run: a path as it is, a name by PATH.
bool can_be_run(const std::string& program);

}  // namespace gradvitals
