// Contract: HistoryReader takes what is whole in a damaged or hostile history, and says what is not.
// Oracle: what the writer was given, and lines typed by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/runtime/error.h"
#include "monitor/history/history_row.h"
#include "monitor/history/history_writer.h"
#include "tests/monitor/counted_memory.h"
#include "tests/monitor/history_fixtures.h"

namespace gradvitals::test {
namespace {

class HistoryReaderTest : public HistoryFile {
 protected:
  /// A history of so many steps.
  std::string written(std::int64_t steps) const {
    HistoryWriter writer(path_);
    for (std::int64_t step = 0; step < steps; ++step) writer.add(light_step(step));
    return content();
  }
};

std::string refusal_of_history(const std::string& text) {
  try {
    read_history(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "taken";
}

/// The text with one line taken for another.
std::string with_line(const std::string& text, int number, const std::string& line) {
  std::size_t begin = 0;
  for (int i = 1; i < number; ++i) begin = text.find('\n', begin) + 1;
  return text.substr(0, begin) + line + text.substr(text.find('\n', begin));
}

std::string damage_of_row(const std::string& row, const HistoryLayout& layout) {
  try {
    parse_row(row, layout);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST_F(HistoryReaderTest, EveryPrefixOfAHistoryGivesItsWholeRows) {
  const std::string text = written(4);
  const std::size_t header = text.find('\n');
  for (std::size_t size = header; size <= text.size(); ++size) {
    const std::string prefix = text.substr(0, size);
    const auto lines = static_cast<std::size_t>(std::ranges::count(prefix, '\n'));
    const ReadHistory read = read_history(prefix);
    const std::size_t rows = lines > 2 ? lines - 2 : 0;
    // A line that lacks nothing but its break is whole.
    const bool lacks_a_break = size < text.size() && text[size] == '\n';
    const bool is_whole = lacks_a_break || prefix.back() == '\n';
    EXPECT_EQ(read.steps.size(), rows + (lacks_a_break && lines >= 2 ? 1 : 0)) << size;
    EXPECT_EQ(read.notes.damaged_lines, 0) << size;
    EXPECT_EQ(read.notes.cut_lines, is_whole ? 0 : 1) << size;
  }
}

TEST_F(HistoryReaderTest, ADamagedLineIsLeftOutAndNamed) {
  const std::string text = written(4);
  const std::vector<std::string> damaged = {"[0,1",       "nonsense", "{\"a\": 1}",
                                            "[9,1,null]", "[0,1]",    std::string("\0\0", 2)};
  for (const std::string& line : damaged) {
    const ReadHistory read = read_history(with_line(text, 4, line));
    const std::vector<std::int64_t> expected = {0, 2, 3};
    EXPECT_EQ(read.numbers(), expected) << line;
    EXPECT_EQ(read.notes.damaged_lines, 1) << line;
    EXPECT_EQ(read.notes.first_damaged_line, 4) << line;
    EXPECT_FALSE(read.notes.first_damage.empty()) << line;
  }
}

TEST_F(HistoryReaderTest, EveryDamagedByteCostsAtMostTwoRows) {
  const std::string text = written(6);
  const std::size_t rows = text.find('\n', text.find('\n') + 1) + 1;
  for (std::size_t at = rows; at < text.size(); ++at) {
    for (const char letter : {'9', '-', '"', '\n', ' ', ']'}) {
      std::string changed = text;
      changed[at] = letter;
      const ReadHistory read = read_history(changed);
      EXPECT_GE(read.steps.size(), 4U) << at << letter;
      EXPECT_LE(read.steps.size(), 6U) << at << letter;
    }
  }
}

TEST_F(HistoryReaderTest, AStepThatLeapsCostsNoOtherRow) {
  std::string text = written(6);
  const std::size_t row = text.find("\n[0,2,") + 1;
  text.replace(row, 5, "[0,9992,");
  const std::vector<std::int64_t> expected = {0, 1, 9992, 3, 4, 5};
  EXPECT_EQ(read_history(text).numbers(), expected);
}

TEST_F(HistoryReaderTest, ABlockThatStandsTwiceIsDamageUpToTheHighestStep) {
  const std::string text = written(10);
  const auto rows = [&text](int begin, int end) {
    const std::size_t first = text.find(fmt::format("\n[0,{},", begin)) + 1;
    const std::size_t behind = text.find(fmt::format("\n[0,{},", end));
    return text.substr(first, behind == std::string::npos ? behind : behind + 1 - first);
  };
  const std::string start = text.substr(0, text.find("\n[0,0,") + 1);
  const std::vector<std::int64_t> expected = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const auto& [begin, end] : {std::pair{0, 1}, {0, 8}, {2, 6}, {5, 7}, {6, 8}, {7, 8}}) {
    SCOPED_TRACE(testing::Message() << begin << " to " << end);
    const std::string pasted = start + rows(0, 8) + rows(begin, end) + rows(8, 10);
    const ReadHistory read = read_history(pasted);
    EXPECT_EQ(read.numbers(), expected);
    EXPECT_EQ(read.notes.damaged_lines, end - begin);
    EXPECT_EQ(read.notes.first_damaged_line, 11);
    EXPECT_EQ(read.notes.first_damage, "a step that goes back, and no resumption before it");
  }
}

TEST_F(HistoryReaderTest, ABlockThatStandsTwiceMayGoOnBeyondIt) {
  const std::string text = written(6);
  std::string longer = text;
  longer += text.substr(text.find("\n[0,2,") + 1);
  longer += longer.substr(longer.rfind("[0,5,")).replace(3, 1, "6");
  const ReadHistory read = read_history(longer);
  const std::vector<std::int64_t> expected = {0, 1, 2, 3, 4, 5, 6};
  EXPECT_EQ(read.numbers(), expected);
  EXPECT_EQ(read.notes.damaged_lines, 4);
}

/// Every line end of Windows, and the mark of its editors before all.
std::string as_windows_has_it(const std::string& text) {
  std::string edited = "\xEF\xBB\xBF";
  for (const char letter : text)
    edited += letter == '\n' ? std::string("\r\n") : std::string(1, letter);
  return edited;
}

TEST_F(HistoryReaderTest, AnEditorsMarkAndLineEndsAreNoDamage) {
  std::string text;
  {
    HistoryWriter writer(path_, {.run = "r1", .settings = {}, .resume_step = {}});
    for (std::int64_t step = 0; step < 6; ++step) writer.add(light_step(step));
    writer.add_event(R"({"event": "treatment", "step": 5})");
  }
  {
    HistoryWriter writer(path_, {.run = "r1", .settings = {}, .resume_step = 4});
    for (std::int64_t step = 4; step < 8; ++step) writer.add(light_step(step));
    writer.add_event(R"({"event": "treatment", "step": 7})");
  }
  const ReadHistory plain = read_history(content());
  const std::string edited = as_windows_has_it(content());
  EXPECT_TRUE(HistoryReader::is_history(edited));
  const ReadHistory read = read_history(edited);
  EXPECT_EQ(read.numbers(), plain.numbers());
  EXPECT_EQ(read.notes.run, "r1");
  EXPECT_EQ(read.notes.damaged_lines, 0) << read.notes.first_damage;
  EXPECT_EQ(read.notes.cut_lines, 0);
  EXPECT_EQ(read.notes.resumptions, 1);
  EXPECT_EQ(read.notes.superseded_rows, plain.notes.superseded_rows);
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_EQ(read.events.front().json, plain.events.front().json);
}

TEST_F(HistoryReaderTest, OfAFirstLineThatIsCutShortItIsSaid) {
  const std::string text = written(0);
  for (std::size_t size = text.find("\",") + 2; size + 1 < text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    EXPECT_TRUE(HistoryReader::is_history(cut)) << cut;
    EXPECT_EQ(refusal_of_history(cut),
              "h.jsonl: holds no complete line: its run was ended while it wrote the first one");
  }
  EXPECT_FALSE(HistoryReader::is_history("{"));
  EXPECT_FALSE(HistoryReader::is_history(text.substr(0, 33) + "x"));
}

TEST_F(HistoryReaderTest, RowsWithoutTheirLayoutAreLeftOut) {
  const ReadHistory read = read_history(with_line(written(3), 2, "{\"layout\":0,"));
  EXPECT_TRUE(read.steps.empty());
  EXPECT_EQ(read.notes.damaged_lines, 4);
  EXPECT_EQ(read.notes.first_damaged_line, 2);
}

TEST_F(HistoryReaderTest, ANewerSchemaIsRefusedWithItsVersion) {
  std::string text = written(1);
  text.replace(text.find("history/1"), 9, "history/7");
  EXPECT_TRUE(HistoryReader::is_history(text));
  EXPECT_EQ(refusal_of_history(text),
            "h.jsonl: is a history of schema \"gradvitals.history/7\", and this program reads "
            "\"gradvitals.history/1\": use the gradvitals that wrote it, or a newer one");
}

TEST_F(HistoryReaderTest, WhatIsNoHistoryIsRefused) {
  for (const char* const text : {"\n", "{}", "[1]", "{\"schema\": \"gradvitals.diagnosis/1\"}",
                                 "{\"schema\": 1}", "step,loss\n1,2\n"}) {
    EXPECT_FALSE(HistoryReader::is_history(text)) << text;
    EXPECT_EQ(refusal_of_history(text),
              "h.jsonl: line 1 is not the first of a history, which says \"gradvitals.history/1\"; "
              "the option --history of a training writes one, and gradvitals diagnose reads "
              "gradients from dumps and CSV");
  }
}

TEST_F(HistoryReaderTest, AnEmptyFileIsSaidToBeEmpty) {
  EXPECT_FALSE(HistoryReader::is_history(""));
  EXPECT_EQ(refusal_of_history(""),
            "h.jsonl: is empty: a history begins with the first step of a run");
}

TEST_F(HistoryReaderTest, OtherColumnsAreRefused) {
  std::string text = written(1);
  text.replace(text.find("\"mean\""), 6, "\"none\"");
  EXPECT_NE(refusal_of_history(text).find("\"columns\" are not those"), std::string::npos);
}

TEST_F(HistoryReaderTest, HostileLayoutsAreLeftOut) {
  const std::string text = written(1);
  const std::vector<std::string> layouts = {
      R"({"layout":16,"tensors":[]})",
      R"({"layout":0,"tensors":[{"name":"a","role":"gradient","count":-1}]})",
      R"({"layout":0,"tensors":[{"name":"a","role":"gradient","count":18446744073709551615}]})",
      R"({"layout":0,"tensors":[{"name":"a","role":"gradient","count":1152921504606846976},{"name":"b","role":"gradient","count":1}]})",
      R"({"layout":0,"tensors":[{"name":"a","role":"conductor"}]})",
      R"({"layout":0,"tensors":[{"name":"a","network":1}]})",
      R"({"layout":0,"tensors":[{"role":"gradient"}]})",
      R"({"layout":0,"tensors":{}})",
      R"({"layout":0,"tensors":[],"norm_count":3,"norm_names":["a"]})",
      R"({"layout":0,"tensors":[],"units":[{"name":"a","unit_count":99999999999}]})"};
  for (const std::string& layout : layouts) {
    const ReadHistory read = read_history(with_line(text, 2, layout));
    EXPECT_TRUE(read.steps.empty()) << layout;
    EXPECT_EQ(read.notes.first_damaged_line, 2) << layout;
  }
}

TEST_F(HistoryReaderTest, RowsThatContradictTheirLayoutAreLeftOut) {
  const std::string header = written(0);
  const std::string layout = R"({"layout":0,"tensors":[{"name":"a","role":"gradient","count":4}]})"
                             "\n";
  const auto damage_of = [&](const std::string& row) {
    const ReadHistory read = read_history(header + layout + row + "\n\n");
    EXPECT_EQ(read.steps.empty(), read.notes.damaged_lines == 1) << row;
    return read.notes.first_damage;
  };
  const std::string start = "[0,1,null,1,null,1,0,0,null,null,";
  EXPECT_EQ(damage_of(start + "[1],[1],[1],[0.5],[],[],[]]"), "");
  EXPECT_EQ(damage_of(start + "[1],[1],[null],[0.5],[[0,1,0,1,0,4]],[],[]]"), "");
  for (const char* const rest :
       {"[1,2],[1],[1],[0.5],[],[],[]]", "[],[1],[1],[0.5],[],[],[]]",
        "[-1],[1],[1],[0.5],[],[],[]]", "[\"NaN\"],[1],[1],[0.5],[],[],[]]",
        "[1e999],[1],[1],[0.5],[],[],[]]", "[inf],[1],[1],[0.5],[],[],[]]",
        "[1],[1],[1],[null],[],[],[]]", "[1],[1],[1],[0.5],[[0,5]],[],[]]",
        "[1],[1],[1],[0.5],[[1,1]],[],[]]", "[1],[1],[1],[0.5],[[0,-1]],[],[]]",
        "[1],[1],[1],[0.5],[[0,0,0,1]],[],[]]", "[1],[1],[1],[0.5],[[0,2,0,2,1,1]],[],[]]",
        "[1],[1],[1],[0.5],[],[[1]],[]]", "[1],[1],[1],[0.5],[],[],[[0,2,1,0,0,0,-1,-1,-1,0]]]",
        "[1],[1],[1],[0.5],[],[],[[0,0,1,2,0,0,-1,-1,-1,0]]]", "[1],[1],[1],[0.5],[],[],[]]]",
        "[1],[1],[1],[0.5],[],[],[]", "[1],[1],[1],[\"Infinity\"],[[0,0,0,4,0,1]],[],[]]"}) {
    EXPECT_NE(damage_of(start + rest), "") << rest;
  }
  const std::string statistics = ",[1],[1],[1],[0.5],[],[],[]]";
  EXPECT_EQ(damage_of("[0,1,null,1,null,1,0,0,-1,2.5" + statistics), "");
  for (const char* const signals :
       {"1.01,null", "\"NaN\",null", "null,-1", "null,\"Infinity\"", "null", "null,null,null"}) {
    EXPECT_NE(damage_of(std::string("[0,1,null,1,null,1,0,0,") + signals + statistics), "")
        << signals;
  }
  EXPECT_NE(damage_of("[0,-1,null,1,null,1,0,0,null,null,[1],[1],[1],[0.5],[],[],[]]"), "");
  EXPECT_NE(damage_of("[0,1,null,1,null,1,0,2,null,null,[1],[1],[1],[0.5],[],[],[]]"), "");
  EXPECT_NE(
      damage_of("[0,99999999999999999999,null,1,null,1,0,0,null,null,[1],[1],[1],[0.5],[],[],[]]"),
      "");
}

TEST_F(HistoryReaderTest, AnEventOfAnAbandonedStepIsLeftOut) {
  {
    HistoryWriter writer(path_);
    for (std::int64_t step = 0; step < 4; ++step) writer.add(light_step(step));
    writer.add_event(R"({"event": "treatment", "step": 1})");
    writer.add_event(R"({"event": "treatment", "step": 3})");
  }
  HistoryWriter writer(path_, {.run = "", .settings = {}, .resume_step = 2});
  writer.add(light_step(2));
  const ReadHistory read = read_history(content());
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_EQ(read.events.front().step, 1);
}

TEST_F(HistoryReaderTest, AFirstLineOfAnotherVersionInTheMiddleIsADamagedLine) {
  const std::string text = written(4);
  std::string header = text.substr(0, text.find('\n'));
  EXPECT_EQ(read_history(with_line(text, 4, header)).notes.damaged_lines, 0);
  header.replace(header.find("history/1"), 9, "history/7");
  const ReadHistory read = read_history(with_line(text, 4, header));
  const std::vector<std::int64_t> expected = {0, 2, 3};
  EXPECT_EQ(read.numbers(), expected);
  EXPECT_EQ(read.notes.damaged_lines, 1);
  EXPECT_EQ(read.notes.first_damaged_line, 4);
}

TEST_F(HistoryReaderTest, AShortRowOfALongLayoutCostsNoCopyOfTheLayout) {
  HistoryLayout layout;
  layout.tensors.resize(10'000);
  layout.units.resize(10'000);
  const std::string start = "[0,1,null,1,null,1,0,0,null,null,";
  for (const std::string& row : {start + "[1],[1],[1],[0.5],[],[],[]]", start}) {
    const std::int64_t before = allocated_bytes();
    EXPECT_THROW(parse_row(row, layout), std::invalid_argument);
    EXPECT_LT(allocated_bytes() - before, 10'000);
    EXPECT_NE(damage_of_row(row, layout).find("fewer values than the layout has"),
              std::string::npos);
  }
  HistoryLayout units_alone;
  units_alone.units = layout.units;
  EXPECT_NE(damage_of_row(start + "[],[],[],[],[],[],[]]", units_alone).find("fewer values"),
            std::string::npos);
}

/// As the reader's: a few megabytes.
constexpr std::size_t kPieceOfReader = std::size_t{4} << 20;

TEST_F(HistoryReaderTest, LetsGoOfAllOfALongHistoryTwicePieceByPiece) {
  const std::string text = written(3) + std::string(3 * kPieceOfReader, 'x') + "\n";
  std::string gone;
  std::size_t pieces = 0;
  HistoryReader reader(text, "h.jsonl", [&](std::string_view part) {
    EXPECT_EQ(part.data(), text.data() + gone.size() % text.size());
    gone += part;
    ++pieces;
  });
  EXPECT_EQ(gone, text);
  while (reader.next()) {
  }
  EXPECT_EQ(gone, text + text);
  EXPECT_GE(pieces, 5U);
}

TEST_F(HistoryReaderTest, FindsAResumptionWhereverAPieceEnds) {
  const std::string before = written(3);
  const std::string resumption = R"({"event":"resumed","step":1})"
                                 "\n";
  for (std::size_t inside = 0; inside <= 24; ++inside) {
    const std::size_t padding = kPieceOfReader - inside - before.size() - 1;
    const auto read = read_history(before + std::string(padding, 'x') + "\n" + resumption);
    EXPECT_EQ(read.notes.resumptions, 1) << inside;
    EXPECT_EQ(read.numbers(), std::vector<std::int64_t>{0}) << inside;
  }
}

}  // namespace
}  // namespace gradvitals::test
