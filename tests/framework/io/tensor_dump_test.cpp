// Contract under test: framework/io/tensor_dump.h and input_file.h. Oracle: the same tensors in each
// format, told by content whatever the file is called.
#include "framework/io/tensor_dump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "framework/io/float_values.h"
#include "framework/io/gradient_dump.h"
#include "framework/io/unread_format.h"
#include "tests/framework/io/zip_files.h"

namespace gradvitals::test {
namespace {

std::string gzip(std::string_view content) {
  const TemporaryFile file("");
  const gzFile out = gzopen(file.path().c_str(), "wb");
  EXPECT_GT(gzwrite(out, content.data(), static_cast<unsigned>(content.size())), 0);
  EXPECT_EQ(gzclose(out), Z_OK);
  std::ifstream in(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A tensor "w" of 1.5 and -2, and a count of another type, which lies before it and unaligned.
std::string two_floats() {
  return safetensors_bytes(R"({"__metadata__":{"step":"7"},)"
                           R"("n":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                           R"("w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})",
                           "x" + raw(1.5F) + raw(-2.0F));
}

void expect_two_floats(const TensorDump& dump) {
  ASSERT_EQ(dump.tensors().size(), 1U);
  const SafetensorsEntry* w = dump.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(w->bytes.data()) % alignof(float), 0U);
  EXPECT_EQ(float_values(*w, "f"), (std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(dump.metadata().at("step"), "7");
  EXPECT_EQ(dump.left_out(), std::vector<std::string>{"n (I8)"});
  EXPECT_EQ(dump.find("n"), nullptr);
}

TEST(TensorDump, ALongNameThatIsLeftOutIsCutBetweenItsLetters) {
  // Two bytes a letter: with one byte before them, a cut at the same place would split one.
  const std::string letter = "\u00e4";
  for (const std::string& first : {std::string(), std::string("a")}) {
    std::string name = first;
    for (int i = 0; i < 50'000; ++i) name += letter;
    const TemporaryFile file(safetensors_bytes(
        R"({")" + name + R"(":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "x"));
    const std::string said = TensorDump(file.path()).left_out().at(0);
    EXPECT_TRUE(said.starts_with(first + letter)) << said;
    EXPECT_TRUE(said.ends_with(letter + " (I8)")) << said;
    EXPECT_LT(said.size(), 100U);
    EXPECT_EQ(said.find("\uFFFD"), std::string::npos) << said;
  }
}

TEST(TensorDump, SafetensorsIsReadPlainAndCompressedWhateverItsName) {
  for (const char* ending : {".safetensors", ".npz", ".csv", ""}) {
    expect_two_floats(TensorDump(TemporaryFile(two_floats(), ending).path()));
    expect_two_floats(TensorDump(TemporaryFile(gzip(two_floats()), ending).path()));
  }
}

TEST(TensorDump, StaysReadableWhenItMoves) {
  // A short file in memory, too: its bytes must not lie in the string itself.
  for (const std::string& bytes :
       {two_floats(), gzip(two_floats()), gzip(safetensors_bytes("{}"))}) {
    const TemporaryFile file(bytes);
    std::vector<TensorDump> dumps;
    for (int i = 0; i < 5; ++i) dumps.emplace_back(file.path());
    for (const TensorDump& dump : dumps) {
      if (!dump.tensors().empty()) expect_two_floats(dump);
    }
  }
}

TEST(TensorDump, ANumPyArrayIsOneTensorNamedAfterItsFile) {
  const std::string array = npy_bytes(npy_header("<f4", "(2,)"), raw(1.5F) + raw(-2.0F));
  for (const auto& [bytes, ending] :
       {std::pair(array, ".npy"), std::pair(gzip(array), ".npy.gz"), std::pair(array, "")}) {
    const TemporaryFile file(bytes, ending);
    const TensorDump dump(file.path());
    ASSERT_EQ(dump.tensors().size(), 1U);
    const std::string name = std::filesystem::path(file.path()).filename().string();
    EXPECT_EQ(dump.tensors()[0].name, name.substr(0, name.find('.')));
    EXPECT_EQ(float_values(dump.tensors()[0], "f"), (std::vector<float>{1.5F, -2.0F}));
  }
}

TEST(TensorDump, ANumPyArrayOfIntegersIsLeftOut) {
  const TensorDump dump(test_data("golden/numpy/int64.npy"));
  EXPECT_TRUE(dump.tensors().empty());
  EXPECT_EQ(dump.left_out(), std::vector<std::string>{"int64 (int64)"});
}

TEST(TensorDump, ANumPyArrayOfObjectsSaysHowToMakeADump) {
  for (const auto& [name, what] :
       {std::pair("dictionary.npy", "Python objects"), std::pair("records.npy", "records")}) {
    const std::string path = test_data(std::string("golden/numpy/") + name);
    try {
      const TensorDump dump(path);
      ADD_FAILURE() << "taken";
    } catch (const UnreadFormatError& error) {
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
      ASSERT_EQ(error.way_out().size(), 2U);
      EXPECT_NE(error.way_out()[1].find("numpy.load(\"" + path + "\", allow_pickle=True)"),
                std::string::npos);
    }
  }
}

TEST(TensorDump, ANumPyArchiveKeepsItsNames) {
  const TensorDump dump(test_data("golden/numpy/deflated.npz"));
  EXPECT_EQ(dump.tensors().size(), 8U);
  EXPECT_NE(dump.find("block.0/weight"), nullptr);
  EXPECT_EQ(dump.left_out().front(), "step (int64)");
}

TEST(TensorDump, TheShardsOfAnIndexAreOneDump) {
  const TensorDump dump(test_data("golden/public/formats/model.safetensors.index.json"));
  EXPECT_EQ(dump.tensors().size(), 6U);
  EXPECT_TRUE(dump.left_out().empty());
}

TEST(TensorDump, ATensorWithoutElementsIsAViewOfCountZero) {
  const TemporaryFile file(
      safetensors_bytes(R"({"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})"));
  const TensorDump dump(file.path());
  Stream stream{{.device = DeviceType::kCpu, .threads = 1}};
  const GradientDump gradients(stream, dump.tensors());
  ASSERT_EQ(gradients.views().size(), 1U);
  EXPECT_EQ(gradients.views()[0].count, 0);
}

/// Standard input from a file while this lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : saved_(::dup(STDIN_FILENO)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
  }
  ~StandardInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int saved_;
};

TEST(TensorDump, ADashReadsStandardInput) {
  for (const std::string& bytes : {two_floats(), gzip(two_floats())}) {
    const TemporaryFile file(bytes);
    const StandardInput redirected(file.path());
    const TensorDump dump("-");
    expect_two_floats(dump);
    EXPECT_EQ(dump.path(), "standard input");
  }
  const StandardInput nothing("/dev/null");
  EXPECT_EQ(refusal([] { TensorDump dump("-"); }), "standard input: is empty");
}

TEST(TensorDump, AnIndexOfShardsOnStandardInputIsRefused) {
  const StandardInput redirected(test_data("golden/public/formats/model.safetensors.index.json"));
  EXPECT_EQ(refusal([] { TensorDump dump("-"); }),
            "standard input: is an index of shards, which lie beside it: give its path instead");
}

TEST(TensorDump, APipeIsReadToItsEnd) {
  const std::string pipe = ::testing::TempDir() + "gradvitals_dump_" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << two_floats(); });
  expect_two_floats(TensorDump(pipe));
  writer.join();
  std::filesystem::remove(pipe);
}

TEST(TensorDump, WhatIsNoDumpIsRefusedInOneLine) {
  const auto refused = [](std::string_view bytes) {
    const TemporaryFile file(bytes);
    const std::string message = refusal([&] { TensorDump dump(file.path()); });
    EXPECT_EQ(message.substr(0, file.path().size()), file.path());
    return message.substr(std::min(message.size(), file.path().size()));
  };
  EXPECT_EQ(refused(""), ": is empty");
  EXPECT_EQ(refused(R"({"grad_norm": 0.5})"), ": is JSON, not a dump of tensors");
  EXPECT_EQ(refused("Step,grad_norm\n0,0.5\n"), ": is text, not a dump of tensors");
  EXPECT_EQ(
      refused(two_floats().substr(0, 40)),
      ": is cut short: its header has 134 bytes from byte 8 on, and the file 40 bytes in all");
  EXPECT_EQ(
      refused("\x01\x02 unknown bytes"),
      ": is not a safetensors file: byte 8 is not the '{' with which the header begins; nor is "
      "it of another known kind: " +
          std::string(kWhatIsRead));
  EXPECT_EQ(refused(gzip(two_floats()).substr(0, 40)), ": the compressed data is cut short");
  EXPECT_EQ(refused(gzip(gzip(two_floats()))), ": is compressed twice");
  EXPECT_EQ(refused(zip_bytes({})), ": is a zip archive that holds no array (no .npy entry)");
  const std::string folder = ::testing::TempDir();
  EXPECT_EQ(refusal([&] { TensorDump dump(folder); }), folder + ": is a directory");
}

}  // namespace
}  // namespace gradvitals::test
