// Contract under test: framework/io/text_table.h. Oracle: tables written out here.
#include "framework/io/text_table.h"

#include <gtest/gtest.h>

#include "tests/framework/io/input_files.h"

namespace gradvitals::test {
namespace {

using Names = std::vector<std::string>;
using Cells = std::vector<std::string_view>;

TextTable parse_file(std::string_view text) {
  return parse_text_table(text, "t.csv");
}

TEST(TextTable, CellsStayText) {
  const TextTable table = parse_file("Step,\"a, b\",c\n0, 0.5 ,\n\n1,\"NaN\",x y\n");
  EXPECT_EQ(table.columns, (Names{"Step", "a, b", "c"}));
  EXPECT_EQ(table.cells, (Cells{"0", "0.5", "", "1", "NaN", "x y"}));
  EXPECT_EQ(table.lines, (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(table.skipped_lines, 0);
}

TEST(TextTable, TheDelimiterIsWhatFitsHeaderAndRows) {
  EXPECT_EQ(parse_file("a;b\n1;2\n").cells, (Cells{"1", "2"}));
  EXPECT_EQ(parse_file("a\tb\n1\t2\n").cells, (Cells{"1", "2"}));
  EXPECT_EQ(parse_file("a; x,b\n1,2\n").columns, (Names{"a; x", "b"}));
  EXPECT_EQ(parse_file("a b\n1\n2\n").columns, Names{"a b"});
}

TEST(TextTable, TakesByteOrderMarksAndEveryLineEnd) {
  const TextTable table = parse_file(
      "\xEF\xBB\xBF"
      "a,b\r\n1,2\r\n\r\n");
  EXPECT_EQ(table.columns, (Names{"a", "b"}));
  EXPECT_EQ(table.cells, (Cells{"1", "2"}));
}

TEST(TextTable, ALineCutShortAtTheEndIsSkippedAndCounted) {
  const TextTable table = parse_file("a,b\n1,2\n3");
  EXPECT_EQ(table.cells, (Cells{"1", "2"}));
  EXPECT_EQ(table.skipped_lines, 1);
  EXPECT_EQ(refusal([] { parse_file("a,b\n1,2\n3\n"); }),
            "t.csv: line 3: has 1 columns, line 1 has 2");
}

TEST(TextTable, WhatIsNoTableIsRefused) {
  EXPECT_EQ(refusal([] { parse_file(""); }), "t.csv: is empty");
  EXPECT_EQ(refusal([] { parse_file("a,b\n"); }), "t.csv: has a header but no rows");
  EXPECT_EQ(refusal([] { parse_file("0,0.5\n1,0.5\n"); }),
            "t.csv: line 1: names no columns: a header is needed");
  EXPECT_EQ(refusal([] { parse_file("a,b,\"a\"\n1,2,3\n"); }),
            "t.csv: line 1: names column \"a\" twice");
  EXPECT_NO_THROW(parse_file("a,,\n1,2,3\n")) << "columns without a name";
  EXPECT_EQ(refusal([] { parse_file("a,b\n1,2,3\n"); }),
            "t.csv: line 2: has 3 columns, line 1 has 2");
}

TEST(TextTable, ProseAndCodeDoNotLookLikeOne) {
  for (const char* text :
       {"# A title\n\nA sentence, with a comma.\nAnother one.\n", "hello world\n",
        "import torch\nx = 1\n\ndef f(a, b):\n  return a\n", "a: 1\nb: 2\n",
        "2024-01-01 12:00:00,123 INFO run 5, two\n2024-01-01 12:00:01,123 INFO step 1\n",
        "One, two.\nThree.\nFour, five, six.\n7\n"}) {
    EXPECT_FALSE(looks_like_table(text)) << text;
  }
}

TEST(TextTable, WhatIsDamagedStillLooksLikeOne) {
  for (const char* text : {"step,grad\n0,0.5\n", "step,grad\n0,0.5,1\n1,2,3\n", "grad\nNaN\n0.5\n",
                           "grad\nNA\nbig\n", "a,b\n", "0,0.5\n1,0.5\n",
                           "name,norm\nw,\"0.5\nb,x\n", "grad;x\n0,5;y z\n", "a\tb\nx\ty\n"}) {
    EXPECT_TRUE(looks_like_table(text)) << text;
  }
}

TEST(TextTable, AQuoteThatIsNotClosedIsRefusedWhereverItStands) {
  for (const char* text :
       {"a,b\n1,2\n3,\"4\n", "a,b\n1,2\n3,\"4", "a,b\n1,2\n\"3,4\n5,6\n", "a,b\n1,2\n3,4\"\n"}) {
    EXPECT_EQ(refusal([&] { parse_file(text); }),
              "t.csv: line 3: a quote is opened and not closed");
  }
  EXPECT_EQ(refusal([] { parse_file("a,\"b\n1,2\n"); }),
            "t.csv: line 1: a quote is opened and not closed");
  EXPECT_EQ(parse_file("a,b\n1,\"2\"\"\"\n").cells.size(), 2U) << "a quote within quotes";
}

}  // namespace
}  // namespace gradvitals::test
