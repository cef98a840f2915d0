// Contract under test: framework/io/csv.h. Oracle: tables written out here.
#include "framework/io/csv.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

using Values = std::vector<double>;
using Names = std::vector<std::string>;

CsvTable parse(std::string_view text) {
  return parse_csv(text, "table.csv");
}

TEST(Csv, ReadsRowsAndColumns) {
  const CsvTable table = parse("1,2,3\n4,5,6\n");
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(table.cols, 3);
  EXPECT_EQ(table.values, (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(table.columns.empty());
}

TEST(Csv, DetectsEveryDelimiter) {
  for (const char* text : {"1,2\n3,4\n", "1;2\n3;4\n", "1\t2\n3\t4\n", "1 2\n3 4\n",
                           "  1   2\n  3   4  \n", "1, 2\n3, 4\n", "1 \t2\n3\t 4\n"}) {
    const CsvTable table = parse(text);
    EXPECT_EQ(table.cols, 2) << text;
    EXPECT_EQ(table.values, (Values{1, 2, 3, 4})) << text;
  }
}

TEST(Csv, TheDelimiterIsThatOfTheRowsNotOfTheHeader) {
  const CsvTable table = parse("mass, in kg;height; at noon\n1;2;3\n4;5;6\n");
  EXPECT_EQ(table.columns, (Names{"mass, in kg", "height", "at noon"}));
  EXPECT_EQ(table.values, (Values{1, 2, 3, 4, 5, 6}));
}

TEST(Csv, OneColumnNeedsNoDelimiter) {
  const CsvTable table = parse("body mass\n1\n2\n");
  EXPECT_EQ(table.columns, (Names{"body mass"}));
  EXPECT_EQ(table.values, (Values{1, 2}));
}

TEST(Csv, AHeaderIsALineWithoutNumbers) {
  EXPECT_EQ(parse("a,b\n1,2\n3,4\n").columns, (Names{"a", "b"}));
  EXPECT_EQ(parse(",b\n1,2\n3,4\n").columns, (Names{"", "b"}));
  EXPECT_TRUE(parse("nan,inf\n1,2\n").columns.empty());
}

TEST(Csv, CellsMayBeQuoted) {
  const CsvTable table = parse("\"a,\"\"b\"\"\",c\n\"1\",2\n\" 3 \",4\n");
  EXPECT_EQ(table.columns, (Names{"a,\"b\"", "c"}));
  EXPECT_EQ(table.values, (Values{1, 2, 3, 4}));
}

TEST(Csv, ReadsEveryNotationOfANumber) {
  EXPECT_EQ(parse("+1,-1,.5\n1e3,1E-3,5.\n").values, (Values{1, -1, 0.5, 1000, 0.001, 5}));
}

TEST(Csv, NonFiniteValuesAreData) {
  const CsvTable table = parse("nan,inf\n-inf,NaN\n");
  ASSERT_EQ(table.values.size(), 4U);
  EXPECT_TRUE(std::isnan(table.values[0]));
  EXPECT_EQ(table.values[1], INFINITY);
  EXPECT_EQ(table.values[2], -INFINITY);
  EXPECT_TRUE(std::isnan(table.values[3]));
}

TEST(Csv, TakesByteOrderMarksAndEveryLineEnd) {
  const CsvTable table = parse("\xEF\xBB\xBFx,y\r\n1,2\r\n3,4\r\n\r\n\n");
  EXPECT_EQ(table.columns, (Names{"x", "y"}));
  EXPECT_EQ(table.values, (Values{1, 2, 3, 4}));
  EXPECT_EQ(parse("1,2\n3,4").values, (Values{1, 2, 3, 4}));
}

struct HostileText {
  std::string name;
  std::string text;
  std::string message;  ///< What must be said, after "<path>: ".
};

void PrintTo(const HostileText& text, std::ostream* out) {
  *out << text.name;
}

class HostileCsv : public ::testing::TestWithParam<HostileText> {};

TEST_P(HostileCsv, IsRefusedInOneLine) {
  EXPECT_EQ(refusal([] { parse(GetParam().text); }), "table.csv: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, HostileCsv,
    ::testing::ValuesIn(std::vector<HostileText>{
        {"Empty", "", "is empty"},
        {"OnlyLineEnds", "\r\n\n", "is empty"},
        {"OnlyAByteOrderMark", "\xEF\xBB\xBF", "is empty"},
        {"OnlyAHeader", "a,b\n", "has a header but no rows"},
        {"OnlyBlanks", "   \n", "has a header but no rows"},
        {"OneRow", "1,2\n", "has only one row of numbers; two are needed"},
        {"HeaderAndOneRow", "a,b\n1,2\n", "has only one row of numbers; two are needed"},
        {"TextCell", "a,b\n1,2\n3,four\n", "line 3, column 2: \"four\" is not a number"},
        {"TextInTheFirstRow", "1,b\n1,2\n3,4\n", "line 1, column 2: \"b\" is not a number"},
        {"TwoHeaders", "a,b\nc,d\n1,2\n", "line 2, column 1: \"c\" is not a number"},
        {"EmptyCell", "1,2\n3,\n", "line 2, column 2: \"\" is not a number"},
        {"DecimalComma", "1,5;2\n2,5;3\n", "line 1, column 1: \"1,5\" is not a number"},
        {"NumberWithUnit", "1,2\n3kg,4\n", "line 2, column 1: \"3kg\" is not a number"},
        {"HexNumber", "1,2\n0x10,4\n", "line 2, column 1: \"0x10\" is not a number"},
        {"TwoSigns", "1,2\n+-3,4\n", "line 2, column 1: \"+-3\" is not a number"},
        {"TooLarge", "1,2\n1e999,4\n", "line 2, column 1: \"1e999\" is out of float64's range"},
        {"TooSmall", "1,2\n1,1e-999\n", "line 2, column 2: \"1e-999\" is out of float64's range"},
        {"ShortRow", "1,2,3\n4,5\n", "line 2: has 2 columns, line 1 has 3"},
        {"LongRow", "a,b\n1,2\n3,4,5\n", "line 3: has 3 columns, line 1 has 2"},
        {"EmptyLineWithin", "1,2\n\n3,4\n", "line 2, column 1: \"\" is not a number"},
        {"EmptyLineFurtherOn", "1,2\n3,4\n\n5,6\n", "line 3: has 0 columns, line 1 has 2"},
        {"UnclosedQuote", "1,2\n\"3,4\n", "line 2: a quote is opened and not closed"},
        {"ControlCharacters", "1,2\n\x1b[31m,4\n",
         "line 2, column 1: \"\\u001b[31m\" is not a number"},
        {"Nul", std::string("1,2\n\0,4\n", 8), "line 2, column 1: \"\\u0000\" is not a number"},
    }),
    [](const auto& text) { return text.param.name; });

CsvTable parse_with_names(std::string_view text, std::int64_t column) {
  return parse_csv(text, "table.csv",
                   [column](const CsvTable&) -> std::optional<std::int64_t> { return column; });
}

TEST(Csv, AColumnOfNamesBecomesTheirPlaces) {
  for (const char* header : {"", "a,kind\n"}) {
    const CsvTable table =
        parse_with_names(std::string(header) + "1,oak\n2,\"ash\"\n3, oak\n4,fir\n", 1);
    EXPECT_EQ(table.classes, (Names{"ash", "fir", "oak"}));
    EXPECT_EQ(table.values, (std::vector<double>{1, 2, 2, 0, 3, 2, 4, 1}));
  }
}

TEST(Csv, AColumnThatMayHoldNamesMayHoldNumbers) {
  const CsvTable table = parse_with_names("a,b\n1,7\n2,nan\n", 1);
  EXPECT_TRUE(table.classes.empty());
  EXPECT_EQ(table.values[1], 7.0);
}

TEST(Csv, NamesAndNumbersDoNotMix) {
  for (const auto& [text, message] :
       {std::pair{"1,oak\n2,7\n", "line 2, column 2: \"7\" is a number"},
        std::pair{"1,7\n2,NA\n", "line 2, column 2: \"NA\" is not a number"},
        std::pair{"1,oak\n2,\n", "line 2, column 2: \"\" is not a number"},
        std::pair{"1,oak\nash,oak\n", "line 2, column 1: \"ash\" is not a number"},
        std::pair{"a;b\n1;2,5\n2;3,5\n", "line 2, column 2: \"2,5\" is not a number"}}) {
    EXPECT_TRUE(refusal([&] {
                  parse_with_names(text, 1);
                }).starts_with(std::string("table.csv: ") + message))
        << refusal([&] { parse_with_names(text, 1); });
  }
}

TEST(Csv, AHeaderOfNumbersIsNotTakenForASample) {
  const std::string text = "0,1,species\n5.1,3.5,setosa\n4.9,3.0,setosa\n";
  EXPECT_EQ(
      refusal([&] { parse_with_names(text, 2); }),
      "table.csv: the first line has \"species\" in column 3, and no other line has: where it "
      "is a header, give every column a name that is no number; where it is a class of one "
      "sample, give a header");
  EXPECT_EQ(parse_with_names("a,b,c\n1,2,oak\n3,4,ash\n", 2).classes, (Names{"ash", "oak"}));
}

TEST(Csv, ThousandsOfNamesAreNoClasses) {
  std::string text;
  for (int row = 0; row < 1001; ++row) text += "1,name" + std::to_string(row) + "\n";
  EXPECT_EQ(
      refusal([&] { parse_with_names(text, 1); }),
      "table.csv: column 2 holds 1001 different texts: too many for names of classes, of which "
      "there may be 1000");
}

}  // namespace
}  // namespace gradvitals::test
