// Contract under test: framework/io/unread_format.h: a format that is known and not read is named,
// with lines that make a dump of it.
#include "framework/io/unread_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "framework/io/safetensors.h"
#include "framework/io/tensor_dump.h"
#include "tests/framework/io/zip_files.h"

namespace gradvitals::test {
namespace {

struct Unread {
  std::string name;
  std::string bytes;
  std::string says;     ///< In the message.
  std::string way_out;  ///< In the lines.
};

void PrintTo(const Unread& file, std::ostream* out) {
  *out << file.name;
}

/// The head of an event file of TensorFlow's, as tensorboard writes it: a record of 24 bytes.
std::string event_file() {
  using namespace std::string_literals;
  return "\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22"s +
         "\x09\0\0\0\0\0\0\xd8\x41\x1a\x0d"
         "brain.Event:2"s;
}

std::vector<Unread> unread_files() {
  using namespace std::string_literals;
  const auto zip_of = [](const char* name) {
    return zip_bytes({{.name = name, .content = "x", .method = 8}});
  };
  return {
      {"Pickle", "\x80\x04\x95.", "is a Python pickle", "pickle.load(open("},
      {"OldPyTorch", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
       "is a PyTorch checkpoint, a pickle", "p.grad"},
      {"PyTorch", zip_of("archive/data.pkl"), "is a PyTorch checkpoint, a pickle", "p.grad"},
      {"TorchScript", zip_of("net/constants.pkl"), "is a TorchScript module", "p.grad"},
      {"Keras", zip_of("model.weights.h5"), "is a Keras model archive", "tape.gradient("},
      {"Hdf5", "\x89HDF\r\n\x1a\n\x08", "is HDF5", "tape.gradient("},
      {"Events", event_file(), "is a TensorFlow event file", "to_csv("},
      {"Onnx", "\x08\x07\x12\x07pytorch\x1a", "is an ONNX model", "p.grad"},
      {"Gguf", "GGUF\x03\0\0\0"s, "is GGUF", "p.grad"},
      {"Parquet", "PAR1\x15\x04", "is Parquet", "read_parquet("},
      {"Tar", std::string(257, '\0').append("ustar"), "is a tar archive", "tar -xf"},
      {"Zstd", "\x28\xb5\x2f\xfd\x04", "is compressed with zstd", "zstd -d"},
      {"Xz",
       "\xfd"
       "7zXZ\0\0"s,
       "is compressed with xz", "xz -dk"},
      {"Bzip2", "BZh91AY", "is compressed with bzip2", "bzip2 -dk"},
      {"LfsPointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
       "is a Git LFS pointer", "git lfs pull"},
      {"Html", "\n<!DOCTYPE HTML><html>", "is an HTML page", ""},
      {"Png", "\x89PNG\r\n\x1a\n\0\0"s, "is a picture and holds no gradients; gradients are read",
       ""},
      {"Jpeg", "\xff\xd8\xff\xe0", "is a picture", ""},
      {"Pdf", "%PDF-1.7\n", "is a PDF document", ""},
      {"Program",
       "\x7f"
       "ELF\x02\x01",
       "is a program or a library", ""},
      {"Utf16", "\xff\xfeS\0t\0e\0p\0"s, "is text in UTF-16", "iconv"},
  };
}

class UnreadFiles : public ::testing::TestWithParam<Unread> {};

TEST_P(UnreadFiles, IsNamedWithTheWayOut) {
  const Unread& unread = GetParam();
  const TemporaryFile file(unread.bytes, "_of \"mine\".x");
  const auto check = [&](auto&& open) {
    try {
      open();
      ADD_FAILURE() << "taken";
    } catch (const UnreadFormatError& error) {
      EXPECT_EQ(std::string(error.what()).find(file.path() + ": " + unread.says), 0U)
          << error.what();
      EXPECT_LE(error.way_out().size(), 5U);
      const bool is_said = std::ranges::any_of(error.way_out(), [&](const std::string& line) {
        return line.find(unread.way_out) != std::string::npos;
      });
      EXPECT_TRUE(is_said || unread.way_out.empty());
      for (const std::string& line : error.way_out()) {
        EXPECT_EQ(line.find('\n'), std::string::npos);
        EXPECT_EQ(line.find("_of \"mine"), std::string::npos) << "quotes unescaped: " << line;
      }
    }
  };
  check([&] { TensorDump dump(file.path()); });
  // Named the same where a model or a batch is expected.
  check([&] { SafetensorsFile opened(file.path()); });
}

INSTANTIATE_TEST_SUITE_P(Files, UnreadFiles, ::testing::ValuesIn(unread_files()),
                         [](const auto& file) { return file.param.name; });

/// What a file of this content is refused with.
UnreadFormatError refusal_of(const std::string& bytes) {
  const TemporaryFile file(bytes);
  try {
    TensorDump dump(file.path());
  } catch (const UnreadFormatError& error) {
    return error;
  }
  ADD_FAILURE() << "taken";
  return {"", {}};
}

TEST(UnreadFormat, NoModelsWeightsAreDumpedAsGradients) {
  for (const Unread& unread : unread_files()) {
    const UnreadFormatError error = refusal_of(unread.bytes);
    const std::string what = error.what();
    const bool is_model = what.find("weights") != std::string::npos;
    if (!is_model || unread.name == "Pickle") continue;
    EXPECT_NE(what.find("no gradients"), std::string::npos) << what;
    std::string lines;
    for (const std::string& line : error.way_out()) lines += line + '\n';
    EXPECT_EQ(lines.find("load"), std::string::npos) << lines;
    EXPECT_NE(lines.find("\"gradients.safetensors\""), std::string::npos) << lines;
    EXPECT_NE(lines.find("--weights weights.safetensors"), std::string::npos) << lines;
  }
}

TEST(UnreadFormat, RecordedFilesAreNamed) {
  for (const auto& [name, what] :
       {std::pair("grads.pkl", "pickle"), std::pair("old_format.pth", "PyTorch")}) {
    const std::string path = test_data(std::string("golden/public/formats/") + name);
    EXPECT_NE(refusal([&] { TensorDump dump(path); }).find(what), std::string::npos);
  }
}

TEST(UnreadFormat, ASafetensorsHeaderOfLength640IsNoPickle) {
  // Its length begins with the bytes of a pickle of protocol 2.
  std::string json = R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  json.resize(0x280, ' ');
  const std::string file = safetensors_bytes(json, raw(1.0F));
  ASSERT_EQ(file.substr(0, 2), "\x80\x02");
  EXPECT_EQ(TensorDump(TemporaryFile(file).path()).tensors().size(), 1U);
  const TemporaryFile cut(file.substr(0, 200));
  EXPECT_EQ(
      refusal([&] { TensorDump dump(cut.path()); }),
      cut.path() +
          ": is cut short: its header has 640 bytes from byte 8 on, and the file 200 bytes in all");
}

}  // namespace
}  // namespace gradvitals::test
