// TensorDump: named tensors from a file in any supported format.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/byte_store.h"
#include "framework/io/input_file.h"
#include "framework/io/safetensors.h"
#include "framework/io/tensor_entry.h"

namespace gradvitals {

/// Tensors of a file, told by its content and not by its name: safetensors, plain (mapped) or gzip;
/// the index of safetensors shards (`*.safetensors.index.json`); NumPy's .npy (one tensor, named
/// after the file) and .npz. Owns what the entries point into; move-only.
class TensorDump {
 public:
  /// "-" reads standard input. Throws InputError naming the file and the tensor, entry or byte at
  /// fault for what is damaged or no dump, and UnreadFormatError for known formats that are not read.
  explicit TensorDump(const std::string& path) : TensorDump(InputFile(path)) {}
  explicit TensorDump(InputFile file);

  /// For messages: "standard input" for "-".
  const std::string& path() const { return path_; }
  /// Aligned, so that bytes can be read as elements. A tensor without elements has count 0.
  const std::vector<SafetensorsEntry>& tensors() const { return contents_.tensors; }
  /// Of the file, or of an index and its shards together. Keys that say something about gradients:
  /// `parameters` (names of all trainable ones), `step`, `loss_scale`.
  const std::map<std::string, std::string>& metadata() const { return contents_.metadata; }
  /// What was not read: "step (I64)". Names are fit to print.
  std::vector<std::string> left_out() const;
  /// Names of what was not read, as the file has them.
  const std::vector<LeftOutTensor>& left_out_tensors() const { return contents_.left_out; }
  /// Null where there is no tensor of that name.
  const SafetensorsEntry* find(std::string_view name) const;

 private:
  void read_array(const InputFile& file);
  void read_shards(const InputFile& index);
  void read_shard(const std::string& shard, std::vector<std::string> names);
  void add_metadata(const std::map<std::string, std::string>& metadata, const std::string& from);

  std::string path_;
  std::vector<InputFile> files_;
  ByteStore store_;
  SafetensorsContents contents_;
};

/// The paths of the shards that a TensorDump of `path` reads beside it; none where it is no index, or
/// where it cannot be read.
std::vector<std::string> shard_files(const std::string& path);

}  // namespace gradvitals
