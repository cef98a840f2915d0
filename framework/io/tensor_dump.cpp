#include "framework/io/tensor_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "framework/io/npy.h"
#include "framework/io/shard_index.h"
#include "framework/io/unread_format.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// "w" of "grads/w.npy" and "w.npy.gz".
std::string array_name(const InputFile& file) {
  if (file.is_standard_input()) return "array";
  std::filesystem::path name = std::filesystem::path(file.path()).filename();
  for (const char* ending : {".gz", ".npy"}) {
    if (name.extension() == ending) name = name.stem();
  }
  return name.string();
}

[[noreturn]] void refuse_text(const InputFile& file) {
  const bool is_json = file.kind() == FileKind::kJson;
  refuse_input(file.path(), fmt::format("is {}, not a dump of tensors", is_json ? "JSON" : "text"));
}

/// Possibly damaged safetensors: report its error as safetensors first.
[[noreturn]] void refuse_unknown(const InputFile& file) {
  try {
    parse_safetensors(file.bytes(), file.path());
  } catch (const InputError& error) {
    throw InputError(
        fmt::format("{}; nor is it of another known kind: {}", error.what(), kWhatIsRead));
  }
  throw std::logic_error("TensorDump: what parses as safetensors was not told to be it");
}

[[noreturn]] void refuse_objects(const InputFile& file, std::string_view what) {
  throw UnreadFormatError(
      fmt::format(
          "{}: is a NumPy array of {}, not of numbers, and a pickle is not read since loading "
          "one runs code; if it holds gradients as {{name: array}}, in Python, make a dump of "
          "them (a model's weights are none, and go to --weights)",
          printable(file.path()), what),
      {"import numpy; from safetensors.numpy import save_file",
       fmt::format("save_file(numpy.load({}, allow_pickle=True).item(), \"gradients.safetensors\")",
                   python_string(file.path()))});
}

std::filesystem::path shard_path_of(const std::string& index, const std::string& shard) {
  return std::filesystem::path(index).parent_path() / shard;
}

}  // namespace

TensorDump::TensorDump(InputFile file) : path_(file.path()) {
  refuse_unread_format(file.bytes(), path_);
  switch (file.kind()) {
    case FileKind::kEmpty:
      refuse_input(path_, "is empty");
    case FileKind::kNpy:
      read_array(file);
      break;
    case FileKind::kZip:
      contents_ = parse_npz(file.bytes(), path_, kMaxDumpBytes, store_);
      break;
    case FileKind::kShardIndex:
      read_shards(file);
      break;
    case FileKind::kJson:
    case FileKind::kText:
      refuse_text(file);
    case FileKind::kGzip:
      refuse_input(path_, "is compressed twice");
    case FileKind::kBinary:
      refuse_unknown(file);
    case FileKind::kSafetensors:
      contents_ = parse_safetensors(file.bytes(), path_);
      break;
  }
  files_.push_back(std::move(file));
  for (SafetensorsEntry& entry : contents_.tensors) store_.align(entry);
}

void TensorDump::read_array(const InputFile& file) {
  const NpyArray array = parse_npy(file.bytes(), path_);
  if (array.dtype_name == kNpyObjects || array.dtype_name == kNpyRecords) {
    refuse_objects(file, array.dtype_name);
  }
  if (array.dtype) {
    contents_.tensors.push_back(entry_of(array, array_name(file), store_));
  } else {
    contents_.left_out.push_back({array_name(file), array.dtype_name});
  }
}

void TensorDump::read_shards(const InputFile& file) {
  if (file.is_standard_input()) {
    refuse_input(path_, "is an index of shards, which lie beside it: give its path instead");
  }
  ShardIndex index = parse_shard_index(as_text(file.bytes()), path_);
  add_metadata(index.metadata, path_);
  for (auto& [shard, names] : index.shards) read_shard(shard, std::move(names));
}

void TensorDump::read_shard(const std::string& shard, std::vector<std::string> names) {
  const auto shard_path = shard_path_of(path_, shard);
  std::error_code ignored;
  if (!std::filesystem::exists(shard_path, ignored)) {
    refuse_input(path_, fmt::format("shard {} is missing; tensor {} is in it", in_quotes(shard),
                                    in_quotes(names.front())));
  }
  const InputFile& file = files_.emplace_back(shard_path.string());
  refuse_unread_format(file.bytes(), file.path());
  SafetensorsContents contents = parse_safetensors(file.bytes(), file.path());
  std::set<std::string> missing(std::make_move_iterator(names.begin()),
                                std::make_move_iterator(names.end()));
  for (LeftOutTensor& tensor : contents.left_out) {
    missing.erase(tensor.name);
    contents_.left_out.push_back(std::move(tensor));
  }
  for (SafetensorsEntry& tensor : contents.tensors) {
    if (missing.erase(tensor.name) == 1) {
      contents_.tensors.push_back(std::move(tensor));
    } else {
      contents_.left_out.push_back({std::move(tensor.name), "not in the index"});
    }
  }
  if (!missing.empty()) {
    refuse_input(path_, fmt::format("tensor {} is not in its shard {}", in_quotes(*missing.begin()),
                                    in_quotes(shard)));
  }
  add_metadata(contents.metadata, file.path());
}

void TensorDump::add_metadata(const std::map<std::string, std::string>& metadata,
                              const std::string& from) {
  constexpr std::array<std::string_view, 3> kMeaningful{"parameters", "step", "loss_scale"};
  for (const auto& [key, value] : metadata) {
    const auto [known, is_new] = contents_.metadata.emplace(key, value);
    const bool matters = std::ranges::find(kMeaningful, key) != kMeaningful.end();
    if (!is_new && matters && known->second != value) {
      refuse_input(from, fmt::format("metadata {} is {}, and {} in another part of the dump",
                                     in_quotes(key), in_quotes(value), in_quotes(known->second)));
    }
  }
}

std::vector<std::string> TensorDump::left_out() const {
  std::vector<std::string> texts;
  texts.reserve(contents_.left_out.size());
  std::ranges::transform(contents_.left_out, std::back_inserter(texts), [](const auto& tensor) {
    return fmt::format("{} ({})", shown_name(tensor.name), shown_name(tensor.dtype));
  });
  return texts;
}

std::vector<std::string> shard_files(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  // A pipe can be read once. What is larger is no index, and need not be inflated to be known.
  if (!std::filesystem::is_regular_file(path, error)) return files;
  if (std::filesystem::file_size(path, error) > kMaxIndexBytes || error) return files;
  try {
    const InputFile file(path);
    if (file.kind() != FileKind::kShardIndex) return files;
    for (const auto& [shard, names] : parse_shard_index(as_text(file.bytes()), path).shards) {
      files.push_back(shard_path_of(path, shard).string());
    }
  } catch (const InputError&) {
    files.clear();  // The reader reports the error.
  }
  return files;
}

const SafetensorsEntry* TensorDump::find(std::string_view name) const {
  const auto found = std::ranges::find(contents_.tensors, name, &SafetensorsEntry::name);
  return found == contents_.tensors.end() ? nullptr : &*found;
}

}  // namespace gradvitals
