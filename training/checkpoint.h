// Checkpoint: what a training needs to go on, as one safetensors file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/tensor.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

struct CheckpointTensor {
  std::string name;
  Tensor value;  ///< float32 or float64.
};

/// The state of a training before the update of `step`: that many were made.
struct Checkpoint {
  std::int64_t step = 0;
  /// What a run that resumes must have alike: batch, seed, loss.
  std::map<std::string, std::string> settings;
  /// Of observers, under names of theirs.
  std::map<std::string, std::string> state;
  /// "model/dense/kernel", "optimizer/dense/kernel/velocity", "training/...".
  std::vector<CheckpointTensor> tensors;

  /// Null where there is none of that name.
  const Tensor* find(std::string_view name) const;
};

/// Writes all of it or nothing, also where the machine stops (write_file()): a checkpoint that was
/// there before stays until the new one is whole. Waits for the streams of the tensors. Throws
/// std::system_error naming the path.
void write_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Throws InputError naming the file where it is no checkpoint, of a newer format, damaged (its
/// checksum is of all that it holds; files of the first format have none), or holds a tensor that
/// is neither float32 nor float64.
Checkpoint read_checkpoint(Stream& stream, const std::string& path);

/// Whether the metadata of a safetensors file is that of a checkpoint, of whichever format version.
bool is_checkpoint(const std::map<std::string, std::string>& metadata);

}  // namespace gradvitals
