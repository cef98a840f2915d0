#include "framework/io/unread_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>

#include "framework/io/file_kind.h"
#include "framework/io/zip_archive.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

using namespace std::string_view_literals;

using Lines = std::span<const std::string_view>;

/// A format that is not read. In `way_out`, {in}, {out} and {csv} stand for file names as Python
/// writes them, {shell} for the first as a shell does.
struct UnreadFormat {
  std::string_view what;  ///< "is ...", up to the way out.
  Lines way_out;
  std::string_view what_is_read = {};  ///< Where nothing leads from it to gradients.
};

// Model files hold weights. Converting those to a dump would give a verdict on something that is no
// gradient: the suggestion is to dump gradients in the training script, after backward().
constexpr std::array<std::string_view, 3> kDumpFromTorch{
    "from safetensors.torch import save_file",
    "save_file({{n: p.grad.detach().clone().contiguous() for n, p in model.named_parameters() if "
    "p.grad is not None}}, \"gradients.safetensors\")",
    "save_file({{n: p.detach().clone().contiguous() for n, p in model.named_parameters()}}, "
    "\"weights.safetensors\")  # for --weights weights.safetensors"};

constexpr std::array<std::string_view, 5> kDumpFromKeras{
    "import tensorflow as tf; from safetensors.numpy import save_file",
    "with tf.GradientTape() as tape: loss = loss_fn(y, model(x, training=True))",
    "gradients = tape.gradient(loss, model.trainable_variables)",
    "save_file({{v.path: tf.convert_to_tensor(g).numpy() for v, g in "
    "zip(model.trainable_variables, gradients) if g is not None}}, \"gradients.safetensors\")",
    "save_file({{v.path: v.numpy() for v in model.trainable_variables}}, \"weights.safetensors\")"
    "  # for --weights weights.safetensors"};

constexpr UnreadFormat kPyTorch{
    "is a PyTorch checkpoint, a pickle, which is not read since loading one runs code; it holds "
    "weights and no gradients (a dictionary of gradients that you gave to torch.save goes to "
    "save_file instead): in the training script, after loss.backward(), dump those",
    kDumpFromTorch};

constexpr UnreadFormat kTorchScript{
    "is a TorchScript module, which is not read: it holds weights and no gradients; in the "
    "training script, after loss.backward(), dump those",
    kDumpFromTorch};

// Arrays that its owner put there, gradients perhaps.
constexpr std::array<std::string_view, 2> kDumpFromPickle{
    "import numpy, pickle; from safetensors.numpy import save_file",
    "save_file({{k: numpy.ascontiguousarray(v) for k, v in pickle.load(open({in}, "
    "\"rb\")).items()}}, {out})"};
constexpr UnreadFormat kPickle{
    "is a Python pickle, which is not read since loading one runs code; if it holds gradients as "
    "{name: array}, in Python, make a dump of them (a model's weights are none, and go to "
    "--weights)",
    kDumpFromPickle};

constexpr UnreadFormat kKeras{
    "is a Keras model archive, which is not read: it holds weights and no gradients; in the "
    "training script, dump those of a step",
    kDumpFromKeras};

constexpr UnreadFormat kHdf5{
    "is HDF5, which is not read: as Keras writes it, it holds weights and no gradients (arrays of "
    "gradients that you wrote with h5py go to save_file instead); in the training script, dump "
    "those of a step",
    kDumpFromKeras};

constexpr std::array<std::string_view, 2> kCsvFromEvents{
    "import pandas; from tensorboard.backend.event_processing.event_accumulator import "
    "EventAccumulator; e = EventAccumulator({in}, {{\"scalars\": 0}}).Reload()",
    "pandas.DataFrame({{t: {{s.step: s.value for s in e.Scalars(t)}} for t in "
    "e.Tags()[\"scalars\"]}}).to_csv({csv}, index_label=\"step\")"};
constexpr UnreadFormat kEvents{
    "is a TensorFlow event file, which is not read; in Python, make a CSV of the norms it logs",
    kCsvFromEvents};

constexpr UnreadFormat kOnnx{
    "is an ONNX model, which is not read: it holds weights and no gradients; in the script that "
    "trains it (here with PyTorch), after loss.backward(), dump those",
    kDumpFromTorch};

constexpr UnreadFormat kGguf{
    "is GGUF, quantised weights for inference: it holds no gradients; in the script that trains "
    "the model (here with PyTorch), after loss.backward(), dump those",
    kDumpFromTorch};

constexpr std::array<std::string_view, 2> kCsvFromParquet{
    "import pandas", "pandas.read_parquet({in}).to_csv({csv}, index=False)"};
constexpr UnreadFormat kParquet{"is Parquet, which is not read; in Python, make a CSV of it",
                                kCsvFromParquet};

constexpr std::string_view kUntar = "tar -xf {shell}";
constexpr UnreadFormat kTar{"is a tar archive, which is not read; unpack it", {&kUntar, 1}};
constexpr std::string_view kUnzstd = "zstd -d {shell}";
constexpr UnreadFormat kZstd{"is compressed with zstd, which is not read; decompress it",
                             {&kUnzstd, 1}};
constexpr std::string_view kUnxz = "xz -dk {shell}";
constexpr UnreadFormat kXz{"is compressed with xz, which is not read; decompress it", {&kUnxz, 1}};
constexpr std::string_view kUnbzip2 = "bzip2 -dk {shell}";
constexpr UnreadFormat kBzip2{"is compressed with bzip2, which is not read; decompress it",
                              {&kUnbzip2, 1}};
constexpr std::string_view kPull = "git lfs pull";
constexpr UnreadFormat kGitLfs{"is a Git LFS pointer, not the file itself; fetch that",
                               {&kPull, 1}};
constexpr UnreadFormat kHtml{
    "is an HTML page and holds no gradients; where it should be the file itself, the download went "
    "wrong: fetch it again",
    {}};
constexpr std::string_view kConvert = "iconv -f UTF-16 -t UTF-8 {shell} > utf8.csv";
constexpr UnreadFormat kUtf16{"is text in UTF-16, which is not read; convert it", {&kConvert, 1}};

constexpr UnreadFormat kPicture{"is a picture and holds no gradients", {}, kWhatIsRead};
constexpr UnreadFormat kDocument{"is a PDF document and holds no gradients", {}, kWhatIsRead};
constexpr UnreadFormat kProgram{
    "is a program or a library and holds no gradients", {}, kWhatIsRead};
constexpr UnreadFormat kDatabase{"is an SQLite database, which is not read", {}, kWhatIsRead};

/// In double quotes; what would end or change the string is escaped. File names hold all kinds.
std::string quoted(const std::string& text, std::string_view escaped) {
  std::string result = "\"";
  for (const char letter : printable(text)) {
    if (escaped.find(letter) != std::string_view::npos) result += '\\';
    result += letter;
  }
  return result + '"';
}

constexpr std::string_view kEscapedInShell = "\"\\$`";

std::string with_ending(const std::string& path, const char* ending) {
  return python_string(std::filesystem::path(path).replace_extension(ending).string());
}

[[noreturn]] void refuse(const UnreadFormat& format, const std::string& path) {
  std::vector<std::string> lines;
  for (const std::string_view line : format.way_out) {
    lines.push_back(fmt::format(fmt::runtime(line), fmt::arg("in", python_string(path)),
                                fmt::arg("shell", quoted(path, kEscapedInShell)),
                                fmt::arg("out", with_ending(path, ".safetensors")),
                                fmt::arg("csv", with_ending(path, ".csv"))));
  }
  std::string message = fmt::format("{}: {}", printable(path), format.what);
  if (!format.what_is_read.empty()) message += fmt::format("; {}", format.what_is_read);
  throw UnreadFormatError(message, std::move(lines));
}

/// The checksum of TensorFlow's records: CRC-32C, rotated and offset.
std::uint32_t masked_crc32c(std::string_view bytes) {
  constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

/// A record is its length, that length's checksum and the data: a checksum that holds is no chance.
bool is_record_file(std::string_view file) {
  constexpr std::size_t kLengthBytes = 8;
  std::uint32_t checksum = 0;
  if (file.size() < kLengthBytes + sizeof checksum) return false;
  std::memcpy(&checksum, file.data() + kLengthBytes, sizeof checksum);
  return masked_crc32c(file.substr(0, kLengthBytes)) == checksum;
}

/// A protobuf without a magic: its first field is the version of the format, its second who made it.
bool is_onnx(std::string_view file) {
  constexpr char kVersionTag = 0x08, kMadeByTag = 0x12;
  constexpr int kNewestVersion = 40;
  return file.size() > 4 && file[0] == kVersionTag && file[1] > 0 && file[1] < kNewestVersion &&
         file[2] == kMadeByTag && static_cast<std::size_t>(file[3]) < file.size();
}

bool is_html(std::string_view file) {
  constexpr std::size_t kShown = 64;
  const std::string start =
      ascii_lower(file.substr(std::min(file.find_first_not_of(" \t\r\n"), file.size()), kShown));
  return start.starts_with("<!doctype html") || start.starts_with("<html");
}

void refuse_unread_zip(std::span<const std::byte> file, const std::string& path) {
  for (const ZipEntry& entry : parse_zip(file, path)) {
    const std::string_view name = entry.name;
    if (name == "data.pkl" || name.ends_with("/data.pkl")) refuse(kPyTorch, path);
    if (name.ends_with("/constants.pkl")) refuse(kTorchScript, path);
    if (name == "model.weights.h5") refuse(kKeras, path);
  }
}

void refuse_pickle(std::string_view file, const std::string& path) {
  constexpr char kNewestProtocol = 5;
  if (file.size() < 2 || file[0] != '\x80' || file[1] > kNewestProtocol || file[1] < 0) return;
  // PyTorch before 1.6 began each file with a pickled number of its own.
  constexpr std::string_view kTorchMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
  refuse(file.substr(2).starts_with(kTorchMagic) ? kPyTorch : kPickle, path);
}

struct Magic {
  std::string_view bytes;
  const UnreadFormat* format;
};

constexpr std::array kMagics{
    Magic{"\x89HDF\r\n\x1a\n"sv, &kHdf5},
    Magic{"GGUF"sv, &kGguf},
    Magic{"PAR1"sv, &kParquet},
    Magic{"\x28\xb5\x2f\xfd"sv, &kZstd},
    Magic{"\xfd"
          "7zXZ\0"sv,
          &kXz},
    Magic{"BZh"sv, &kBzip2},
    Magic{"version https://git-lfs"sv, &kGitLfs},
    Magic{"\x89PNG\r\n\x1a\n"sv, &kPicture},
    Magic{"\xff\xd8\xff"sv, &kPicture},
    Magic{"GIF87a"sv, &kPicture},
    Magic{"GIF89a"sv, &kPicture},
    Magic{"%PDF-"sv, &kDocument},
    Magic{"\x7f"
          "ELF"sv,
          &kProgram},
    Magic{"SQLite format 3\0"sv, &kDatabase},
    Magic{"\xff\xfe"sv, &kUtf16},
    Magic{"\xfe\xff"sv, &kUtf16},
};

}  // namespace

std::string python_string(const std::string& text) {
  return quoted(text, "\"\\");
}

void refuse_unread_format(std::span<const std::byte> bytes, const std::string& path) {
  const std::string_view file = as_text(bytes);
  switch (kind_of(bytes)) {
    case FileKind::kZip:
      return refuse_unread_zip(bytes, path);
    case FileKind::kText:
    case FileKind::kBinary:
      break;
    default:
      return;
  }
  for (const Magic& magic : kMagics) {
    if (file.starts_with(magic.bytes)) refuse(*magic.format, path);
  }
  constexpr std::size_t kTarMagic = 257;
  if (file.size() > kTarMagic && file.substr(kTarMagic).starts_with("ustar")) refuse(kTar, path);
  refuse_pickle(file, path);
  if (is_html(file)) refuse(kHtml, path);
  if (is_record_file(file)) refuse(kEvents, path);
  if (is_onnx(file)) refuse(kOnnx, path);
}

}  // namespace gradvitals
