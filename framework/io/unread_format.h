// Files that hold tensors or norms and are not read: what they are, and how to make a dump of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/runtime/error.h"

namespace gradvitals {

/// For messages about a file that is something else altogether.
inline constexpr std::string_view kWhatIsRead =
    "gradients are read as safetensors (plain, .gz or the index of shards), .npz or .npy, and "
    "recorded norms as CSV, JSON lines or JSON";

/// what() says what the file is, and why it is not read.
class UnreadFormatError : public InputError {
 public:
  UnreadFormatError(const std::string& what, std::vector<std::string> way_out)
      : InputError(what), way_out_(std::move(way_out)) {}

  /// Lines to type, of Python or of a shell, that make a file which is read. For what holds a model,
  /// and so weights alone, these dump gradients in its training script, and the weights beside them.
  const std::vector<std::string>& way_out() const { return way_out_; }

 private:
  std::vector<std::string> way_out_;
};

/// Throws UnreadFormatError where the bytes are of a format that is known and not read (pickles,
/// PyTorch's checkpoints, Keras' archives, HDF5, TensorFlow's events, ONNX, GGUF, other
/// compressions, pictures, ...), and InputError where they are a zip archive that is damaged. Returns for
/// everything else. Internal.
void refuse_unread_format(std::span<const std::byte> file, const std::string& path);

/// `text` as a string of Python's, quotes included. Internal.
std::string python_string(const std::string& text);

}  // namespace gradvitals
