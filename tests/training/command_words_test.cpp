// Contract: a command line becomes the words that a POSIX shell would make of it, where that needs no
// shell; what needs one is refused. Oracle: /bin/sh itself for words, else the table.
#include "training/command_words.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace gradvitals {
namespace {

using Words = std::vector<std::string>;

/// Each argument that sh hands to a program, with an end that no line of the table holds.
std::string words_by_shell(const std::string& command) {
  const std::string line = "printf '%s~' " + command;
  FILE* const shell = ::popen(line.c_str(), "r");
  std::string text;
  for (int letter = std::fgetc(shell); letter != EOF; letter = std::fgetc(shell)) {
    text += static_cast<char>(letter);
  }
  ::pclose(shell);
  return text;
}

std::string why_refused(const std::string& command) {
  try {
    split_command(command);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

TEST(SplitCommand, MakesTheWordsThatAShellMakes) {
  for (const std::string command :
       {"notify", "  notify \t --to   me ", "a 'b c' d", "a \"b c\" d", "a'b'\"c\"d", "a '' \"\" b",
        "'it'\\''s'", R"("say \"hi\" \\ \n")", R"('\n \" \\')", R"(a\ b \'c \"d \\)",
        "--to='me and you'", "\"'\" '\"'", "umlaut-\xc3\xbc '\xe2\x82\xac'", "a\nb"}) {
    std::string joined;
    // A line break ends a command of the shell's; here it is a blank.
    const std::string as_one_line = command == "a\nb" ? "a b" : command;
    for (const std::string& word : split_command(command)) joined += word + "~";
    EXPECT_EQ(joined, words_by_shell(as_one_line)) << command;
  }
}

TEST(SplitCommand, ExpandsNothing) {
  EXPECT_EQ(split_command("a '$HOME' ~ *.cpp {b,c} #d !e x=1"),
            (Words{"a", "$HOME", "~", "*.cpp", "{b,c}", "#d", "!e", "x=1"}));
}

TEST(SplitCommand, RefusesWhatItCannotMakeWordsOf) {
  EXPECT_EQ(why_refused(""), "the command is empty");
  EXPECT_EQ(why_refused(" \t"), "the command is empty");
  EXPECT_EQ(why_refused("a 'b"), "a quote (') is not closed");
  EXPECT_EQ(why_refused("a \"b\\\""), "a quote (\") is not closed");
  EXPECT_EQ(why_refused("a \\"), "the command ends with a backslash");
}

TEST(SplitCommand, SaysHowToCallAShellWhereOneIsMeant) {
  for (const char letter : std::string("|&;<>`$()")) {
    const std::string told = why_refused(std::string("mail me ") + letter + " b");
    EXPECT_NE(told.find(std::string("'") + letter + "' needs quotes"), std::string::npos) << told;
    EXPECT_NE(told.find("sh -c 'COMMAND'"), std::string::npos) << told;
    EXPECT_EQ(split_command(std::string("a '") + letter + "'").back(), std::string(1, letter));
    EXPECT_EQ(split_command(std::string("a \"") + letter + "\"").back(), std::string(1, letter));
  }
}

TEST(CommandText, IsReadAsTheSameWords) {
  const std::vector<std::string> words = {
      "gradvitals", "--data", "a table's $name.csv", "", "\"q\"", "b\\c", "1e-05"};
  EXPECT_EQ(split_command(command_text(words)), words);
  EXPECT_EQ(command_text(std::vector<std::string>{"train", "--model", "2-8-relu-3"}),
            "train --model 2-8-relu-3");
  EXPECT_EQ(command_text(std::vector<std::string>{"it's"}), "'it'\\''s'");
}

TEST(CanBeRun, FindsProgramsByPathAndByName) {
  EXPECT_TRUE(can_be_run("sh"));
  EXPECT_TRUE(can_be_run("/bin/sh"));
  EXPECT_FALSE(can_be_run("/bin"));
  EXPECT_FALSE(can_be_run("no-such-program-anywhere"));
  EXPECT_FALSE(can_be_run("/bin/no-such-program"));
  EXPECT_FALSE(can_be_run(""));
}

TEST(CanBeRun, RefusesAFileThatMayNotBeExecuted) {
  const std::string file = testing::TempDir() + "not_executable";
  std::ofstream(file) << "#!/bin/sh\n";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_FALSE(can_be_run(file));
  ASSERT_EQ(::chmod(file.c_str(), 0700), 0);
  EXPECT_TRUE(can_be_run(file));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace gradvitals
