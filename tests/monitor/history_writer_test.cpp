// Contract: HistoryWriter: one line a step, appended; faults of the file never reach the training.
// Oracle: the file, read by HistoryReader, and the kernel's own limits on it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "kernels/runtime/error.h"
#include "monitor/history/append_file.h"
#include "monitor/history/history_writer.h"
#include "tests/monitor/history_fixtures.h"

namespace gradvitals::test {
namespace {

class HistoryWriterTest : public HistoryFile {
 protected:
  void write_steps(std::int64_t begin, std::int64_t end, const HistoryOptions& options = {}) const {
    HistoryWriter writer(path_, options);
    for (std::int64_t step = begin; step < end; ++step) writer.add(light_step(step));
    EXPECT_EQ(writer.status().rows, end - begin);
  }
};

/// The largest size of a file that this process may write, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ignored_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }

 private:
  rlimit before_{};
  void (*ignored_)(int) = SIG_DFL;
};

TEST_F(HistoryWriterTest, BeginsWithTheSchemaAndNamesTensorsOnce) {
  HistoryWriter writer(path_,
                       {.run = "r1", .settings = {{"model", "10-relu-1"}}, .resume_step = {}});
  for (std::int64_t step = 0; step < 3; ++step) writer.add(light_step(step));
  std::istringstream lines(content());
  std::string line;
  std::getline(lines, line);
  const auto header = nlohmann::json::parse(line);
  EXPECT_EQ(header.at("schema"), "gradvitals.history/1");
  EXPECT_EQ(header.at("run"), "r1");
  EXPECT_EQ(header.at("settings"), nlohmann::json({{"model", "10-relu-1"}}));
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line).at("tensors").size(), 5U);
  for (int step = 0; step < 3; ++step) {
    std::getline(lines, line);
    const auto row = nlohmann::json::parse(line);
    ASSERT_EQ(row.size(), header.at("columns").size());
    EXPECT_EQ(row[1], step);
    EXPECT_EQ(row[10].size(), 5U);
  }
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(HistoryWriterTest, EachRowIsInTheFileAtOnce) {
  HistoryWriter writer(path_);
  EXPECT_TRUE(HistoryReader::is_history(content()));
  for (std::int64_t step = 0; step < 5; ++step) {
    writer.add(light_step(step));
    EXPECT_EQ(read_history(content()).steps.size(), static_cast<std::size_t>(step + 1));
  }
}

TEST_F(HistoryWriterTest, EventsStandBetweenTheSteps) {
  HistoryWriter writer(path_);
  writer.add(light_step(0));
  HealthEvent event;
  event.step = 4;
  event.episode.finding.rule = RuleId::kNonFinite;
  event.episode.finding.text = "a \"NaN\"\nin \xFF";
  event.episode.finding.value = kNaN;
  writer.add(event);
  writer.add_event("{\"event\": \"treatment\",\n \"step\": 5, \"kind\": \"clip\"}");
  writer.add(light_step(1));
  const ReadHistory read = read_history(content());
  EXPECT_EQ(read.notes.damaged_lines, 0);
  EXPECT_EQ(read.steps.size(), 2U);
  ASSERT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.events[0].kind, "began");
  EXPECT_EQ(read.events[0].step, 4);
  EXPECT_EQ(nlohmann::json::parse(read.events[0].json).at("rule"), "R1");
  EXPECT_EQ(read.events[1].kind, "treatment");
  EXPECT_EQ(read.events[1].json, R"({"event":"treatment","step":5,"kind":"clip"})");
  EXPECT_EQ(writer.status().events, 2);
}

TEST_F(HistoryWriterTest, WhatIsNoEventIsRefused) {
  HistoryWriter writer(path_);
  for (const char* const text : {"", "[]", "{}", "{\"event\": 1}", "{\"event\": \"a\"", "7"}) {
    EXPECT_THROW(writer.add_event(text), std::invalid_argument) << text;
  }
}

TEST_F(HistoryWriterTest, AnExistingHistoryIsKeptUnlessItsRunGoesOn) {
  write_steps(0, 3, {.run = "r1", .settings = {}, .resume_step = {}});
  const std::string before = content();
  const auto refusal = [this](const HistoryOptions& options) -> std::string {
    try {
      HistoryWriter(path_, options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({.run = "r1", .settings = {}, .resume_step = {}}),
            path_ + ": is there already: name another file, or resume the run that it is of");
  EXPECT_EQ(refusal({.run = "r2", .settings = {}, .resume_step = 3}),
            path_ + ": is the history of run \"r1\", not of \"r2\": name another file");
  EXPECT_EQ(content(), before);
  EXPECT_EQ(refusal({.run = "r1", .settings = {}, .resume_step = 3}), "");
}

TEST_F(HistoryWriterTest, AFileHasOneWriterAtATime) {
  {
    HistoryWriter first(path_);
    try {
      HistoryWriter second(path_);
      FAIL() << "both write it";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(path_ + ": is being written by another training"),
                std::string::npos)
          << error.what();
    }
  }
  HistoryWriter third(path_, {.run = "", .settings = {}, .resume_step = 0});
}

TEST_F(HistoryWriterTest, ATextThatIsNoHistoryIsKept) {
  append("my notes\n");
  EXPECT_THROW(HistoryWriter(path_, {.run = "", .settings = {}, .resume_step = 3}), InputError);
  EXPECT_EQ(content(), "my notes\n");
}

TEST_F(HistoryWriterTest, AFileWithAPartOfAFirstLineIsBegunAnew) {
  const HistoryOptions fresh{.run = "r1", .settings = {{"a", "b"}}, .resume_step = {}};
  write_steps(0, 3, fresh);
  const std::string whole = content();
  const std::size_t header = whole.find('\n');
  HistoryOptions resumed = fresh;
  resumed.resume_step = 0;
  for (const HistoryOptions& options : {fresh, resumed}) {
    for (std::size_t size = 1; size < header; ++size) {
      std::filesystem::resize_file(path_, 0);
      append(whole.substr(0, size));
      write_steps(0, 3, options);
      ASSERT_EQ(content(), whole) << size;
    }
  }
}

TEST_F(HistoryWriterTest, WhatMerelyBeginsAsAFirstLineIsKept) {
  write_steps(0, 0);
  const std::string header = content();
  for (const char* const text :
       {"{\n  \"a\": 1", "{\"a\"", "[", "\n", "{\"schema\":\"gradvitals.history/1\",x", " {"}) {
    std::filesystem::resize_file(path_, 0);
    append(text);
    EXPECT_THROW(HistoryWriter(path_, {.run = "", .settings = {}, .resume_step = 3}), InputError)
        << text;
    EXPECT_THROW(HistoryWriter{path_}, InputError) << text;
    EXPECT_EQ(content(), text);
  }
}

TEST_F(HistoryWriterTest, GoesOnWithAFileThatAnEditorHad) {
  write_steps(0, 1, {.run = "r1", .settings = {}, .resume_step = {}});
  std::string edited = "\xEF\xBB\xBF";
  for (const char letter : content()) edited += letter == '\n' ? "\r\n" : std::string(1, letter);
  std::filesystem::resize_file(path_, 0);
  append(edited);
  write_steps(1, 3, {.run = "r1", .settings = {}, .resume_step = 1});
  const std::vector<std::int64_t> expected = {0, 1, 2};
  EXPECT_EQ(read_history(content()).numbers(), expected);
}

TEST_F(HistoryWriterTest, APipeThatNobodyReadsIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  try {
    HistoryWriter writer(path_);
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              path_ + ": is a pipe that nobody reads: start its reader first");
  }
}

TEST_F(HistoryWriterTest, WaitsForTheReaderOfAPipeThatIsFull) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ::fcntl(reader, F_SETFL, 0);
  HistoryWriter writer(path_);
  std::string all;
  std::thread reads([&] {
    std::string chunk(4096, ' ');
    for (ssize_t count = 0; (count = ::read(reader, chunk.data(), chunk.size())) > 0;) {
      all.append(chunk, 0, static_cast<std::size_t>(count));
    }
  });
  constexpr std::int64_t kSteps = 2000;  // Some 400 KB, and a pipe holds 64.
  for (std::int64_t step = 0; step < kSteps; ++step) writer.add(light_step(step));
  EXPECT_EQ(writer.status().rows, kSteps);
  writer = HistoryWriter("/dev/null");  // Closes the pipe.
  reads.join();
  ::close(reader);
  EXPECT_EQ(read_history(all).steps.size(), static_cast<std::size_t>(kSteps));
}

TEST_F(HistoryWriterTest, APathThatCannotBeWrittenIsNamed) {
  try {
    HistoryWriter writer(path_ + "/none/h.jsonl");
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/none/h.jsonl: cannot be written: No such file"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(HistoryWriterTest, AResumedRunTakesThePlaceOfWhatItDoesAnew) {
  write_steps(0, 10);
  append("[0,10,0.25,1,nu");  // Killed here.
  write_steps(6, 8, {.run = "", .settings = {}, .resume_step = 6});
  write_steps(8, 9, {.run = "", .settings = {}, .resume_step = 8});
  const ReadHistory read = read_history(content());
  const std::vector<std::int64_t> expected = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(read.numbers(), expected);
  EXPECT_EQ(read.notes.damaged_lines, 0) << read.notes.first_damage;
  EXPECT_EQ(read.notes.cut_lines, 1);
  EXPECT_EQ(read.notes.resumptions, 2);
  EXPECT_EQ(read.notes.superseded_rows, 4);
}

TEST_F(HistoryWriterTest, AFullDiskLosesRowsAndSaysWhichOnce) {
  HistoryWriter writer(path_);
  std::int64_t step = 0;
  for (; step < 5; ++step) writer.add(light_step(step));
  const std::size_t row = read_history(content()).steps.size();
  ASSERT_EQ(row, 5U);
  {
    // Room for a part of the next row or event.
    const FileSizeLimit limit(content().size() + 10);
    for (; step < 12; ++step) writer.add(light_step(step));
    writer.add_event(R"({"event": "alert"})");
    EXPECT_TRUE(writer.status().is_failing);
  }
  const std::string complaint = writer.take_complaint().value_or("");
  EXPECT_EQ(complaint, path_ + ": 7 steps (5 to 11) and 1 event are missing: File too large");
  for (; step < 15; ++step) writer.add(light_step(step));
  EXPECT_FALSE(writer.take_complaint());
  EXPECT_FALSE(writer.status().is_failing);
  EXPECT_EQ(writer.status().lost_rows, 7);
  EXPECT_EQ(writer.status().lost_events, 1);
  EXPECT_EQ(writer.status().rows, 8);
  const ReadHistory read = read_history(content());
  const std::vector<std::int64_t> expected = {0, 1, 2, 3, 4, 12, 13, 14};
  EXPECT_EQ(read.numbers(), expected);
  EXPECT_EQ(read.notes.damaged_lines, 0) << "what was written of a row is taken back";
}

TEST_F(HistoryWriterTest, ADiskThatIsFullFromTheStartGetsItsFirstLineLater) {
  std::optional<HistoryWriter> writer;
  {
    const FileSizeLimit limit(10);
    writer.emplace(path_);
    writer->add(light_step(0));
  }
  writer->add(light_step(1));
  const ReadHistory read = read_history(content());
  EXPECT_EQ(read.numbers(), std::vector<std::int64_t>{1});
  EXPECT_EQ(read.notes.damaged_lines, 0);
}

TEST_F(HistoryWriterTest, AFileThatCannotBeReadIsSaidNotToBeReadable) {
  try {
    first_line_of(path_ + ".none", 100);
    FAIL() << "read";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              path_ + ".none: cannot be read: No such file or directory");
  }
}

TEST_F(HistoryWriterTest, ADeviceThatIsAlwaysFullEndsNothing) {
  HistoryWriter writer("/dev/full");
  for (std::int64_t step = 0; step < 3; ++step) writer.add(light_step(step));
  EXPECT_EQ(writer.status().lost_rows, 3);
  EXPECT_EQ(writer.take_complaint(),
            "/dev/full: 3 steps (0 to 2) are missing: No space left on device");
}

TEST_F(HistoryWriterTest, AClosedPipeEndsNothing) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  HistoryWriter writer(path_);
  writer.add(light_step(0));
  EXPECT_EQ(writer.status().rows, 1);
  ::close(reader);
  writer.add(light_step(1));
  writer.add(light_step(2));
  EXPECT_EQ(writer.status().lost_rows, 2);
  EXPECT_EQ(writer.status().error, "Broken pipe");
}

}  // namespace
}  // namespace gradvitals::test
