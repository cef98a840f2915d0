// Contract: a text that is larger than what a spool keeps in memory is written whole, or its problem is told
// once. Oracle: the same text in memory.
#include "app/spool.h"

#include <gtest/gtest.h>

#include <string>

#include "app/output.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/texts.h"

namespace gradvitals::app {
namespace {

using test::read_file;
using test::TemporaryFolder;

TEST(Spool, WritesWhatWasAppendedWhole) {
  for (const int lines : {0, 1, 200'000}) {
    const TemporaryFolder folder;
    Spool spool("--csv", folder.file("a.csv"));
    std::string all;
    for (int i = 0; i < lines; ++i) {
      const std::string line = "line " + std::to_string(i) + '\n';
      all += line;
      spool.append([&line](std::string& text) { text += line; });
    }
    EXPECT_TRUE(folder.entries().empty());  // Nothing that a kill would leave.
    spool.write();
    const std::string written = read_file(folder.file("a.csv"));
    EXPECT_EQ(written.size(), all.size());
    EXPECT_TRUE(written == all) << lines;  // EXPECT_EQ would compare line by line, in gigabytes.
    EXPECT_FALSE(spool.take_complaint());
  }
}

TEST(Spool, WhatCannotBeWrittenIsNamed) {
  const TemporaryFolder folder;
  Spool spool("--csv", folder.file("missing/a.csv"));
  spool.append([](std::string& text) { text += "a"; });
  try {
    spool.write();
    FAIL() << "it was written";
  } catch (const OutputError& error) {
    EXPECT_TRUE(test::contains(error.what(), "missing/a.csv")) << error.what();
  }
}

}  // namespace
}  // namespace gradvitals::app
