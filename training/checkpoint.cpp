#include "training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>
#include <sstream>
#include <system_error>

#include "framework/io/checksum.h"
#include "framework/io/safetensors.h"
#include "framework/io/write_file.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormatName = "gradvitals.checkpoint/";
constexpr int kFormatVersion = 2;
/// Has no checksum.
constexpr int kUncheckedVersion = 1;
constexpr std::string_view kStepKey = "step";
constexpr std::string_view kChecksumKey = "checksum";
constexpr std::string_view kSettingPrefix = "setting/";
constexpr std::string_view kStatePrefix = "state/";

/// The elements of a tensor on the host.
std::vector<std::byte> bytes_of(const Tensor& tensor) {
  const auto copied = [](const auto& values) {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  return tensor.dtype() == DType::kFloat64 ? copied(tensor.to_host<double>())
                                           : copied(tensor.to_host<float>());
}

template <class T>
Tensor tensor_of(Stream& stream, const SafetensorsEntry& entry) {
  std::vector<T> values(static_cast<std::size_t>(entry.count));
  if (!values.empty()) std::memcpy(values.data(), entry.bytes.data(), entry.bytes.size());
  return Tensor::from_host<T>(stream, Shape(entry.shape), values);
}

CheckpointTensor read_tensor(Stream& stream, const SafetensorsEntry& entry,
                             const std::string& path) {
  if (entry.shape.size() > Shape::kMaxRank) {
    refuse_input(path, fmt::format("tensor {}: has {} dimensions, more than {}",
                                   in_quotes(entry.name), entry.shape.size(), Shape::kMaxRank));
  }
  if (entry.dtype == DType::kFloat64) return {entry.name, tensor_of<double>(stream, entry)};
  if (entry.dtype == DType::kFloat32) return {entry.name, tensor_of<float>(stream, entry)};
  refuse_input(path, fmt::format("tensor {}: is of type {}; a checkpoint has F32 and F64",
                                 in_quotes(entry.name), name(entry.dtype)));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// Of everything that the file says, but for the checksum itself: texts with their lengths, so that
/// none can be taken for another.
std::string checksum_of(std::span<const SafetensorsEntry> tensors,
                        const std::map<std::string, std::string>& metadata) {
  Crc32 sum;
  const auto add_text = [&sum](std::string_view text) {
    sum.add(fmt::format("{}:", text.size()));
    sum.add(text);
  };
  for (const auto& [key, value] : metadata) {
    if (key == kChecksumKey) continue;
    add_text(key);
    add_text(value);
  }
  for (const SafetensorsEntry& tensor : tensors) {
    add_text(tensor.name);
    add_text(fmt::format("{} {}", name(tensor.dtype), fmt::join(tensor.shape, ",")));
    sum.add(tensor.bytes);
  }
  return fmt::format("crc32 {:08x}", sum.value());
}

void check_checksum(const SafetensorsFile& file, int version) {
  const auto found = file.metadata().find(std::string(kChecksumKey));
  if (found == file.metadata().end()) {
    if (version == kUncheckedVersion) return;
    refuse_input(file.path(), "is damaged: its checksum is missing");
  }
  const std::string sum = checksum_of(file.tensors(), file.metadata());
  if (found->second == sum) return;
  refuse_input(
      file.path(),
      fmt::format("is damaged: its checksum is {}, and that of its content {}; resume from an "
                  "older checkpoint or a copy",
                  in_quotes(found->second), in_quotes(sum)));
}

/// Gives the version.
int check_format(const std::map<std::string, std::string>& metadata, const std::string& path) {
  const auto found = metadata.find(std::string(kFormatKey));
  if (!is_checkpoint(metadata)) {
    refuse_input(path, "is no checkpoint of a training: its metadata has no format that says so");
  }
  const auto version = whole_number(std::string_view(found->second).substr(kFormatName.size()));
  if (version == kFormatVersion || version == kUncheckedVersion) return static_cast<int>(*version);
  refuse_input(path, fmt::format("is a checkpoint of format {}; this program reads {}{}",
                                 in_quotes(found->second), kFormatName, kFormatVersion));
}

/// The entries whose keys begin so, without that.
std::map<std::string, std::string> entries_below(
    std::string_view prefix, const std::map<std::string, std::string>& metadata) {
  std::map<std::string, std::string> entries;
  for (const auto& [key, value] : metadata) {
    if (key.starts_with(prefix)) entries.emplace(key.substr(prefix.size()), value);
  }
  return entries;
}

std::int64_t read_step(const std::map<std::string, std::string>& metadata,
                       const std::string& path) {
  const auto found = metadata.find(std::string(kStepKey));
  if (found == metadata.end()) refuse_input(path, "metadata \"step\" is missing");
  const std::optional<std::int64_t> step = whole_number(found->second);
  if (!step || *step < 0) {
    refuse_input(
        path, fmt::format("metadata \"step\": {} is no number of steps", in_quotes(found->second)));
  }
  return *step;
}

std::map<std::string, std::string> metadata_of(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata = {
      {std::string(kFormatKey), fmt::format("{}{}", kFormatName, kFormatVersion)},
      {std::string(kStepKey), fmt::format("{}", checkpoint.step)}};
  for (const auto& [key, value] : checkpoint.settings) {
    metadata.emplace(fmt::format("{}{}", kSettingPrefix, key), value);
  }
  for (const auto& [key, value] : checkpoint.state) {
    metadata.emplace(fmt::format("{}{}", kStatePrefix, key), value);
  }
  return metadata;
}

}  // namespace

const Tensor* Checkpoint::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &CheckpointTensor::name);
  return found == tensors.end() ? nullptr : &found->value;
}

void write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  std::vector<std::vector<std::byte>> contents;
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, value] : checkpoint.tensors) {
    contents.push_back(bytes_of(value));
    const auto dims = value.shape().dims();
    entries.push_back({.name = name,
                       .dtype = value.dtype(),
                       .shape = {dims.begin(), dims.end()},
                       .count = value.count(),
                       .bytes = contents.back()});
  }
  // Wider types first, so that every tensor lies aligned.
  std::ranges::stable_partition(
      entries, [](const SafetensorsEntry& entry) { return entry.dtype == DType::kFloat64; });
  std::map<std::string, std::string> metadata = metadata_of(checkpoint);
  metadata.emplace(kChecksumKey, checksum_of(entries, metadata));
  std::ostringstream out;
  write_safetensors(out, entries, metadata);
  try {
    write_file(path, out.view());
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), fmt::format("cannot write checkpoint {}", path));
  }
}

bool is_checkpoint(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find(std::string(kFormatKey));
  return found != metadata.end() && found->second.starts_with(kFormatName);
}

Checkpoint read_checkpoint(Stream& stream, const std::string& path) {
  const SafetensorsFile file(path);
  check_checksum(file, check_format(file.metadata(), path));
  Checkpoint checkpoint{.step = read_step(file.metadata(), path),
                        .settings = entries_below(kSettingPrefix, file.metadata()),
                        .state = entries_below(kStatePrefix, file.metadata()),
                        .tensors = {}};
  for (const SafetensorsEntry& entry : file.tensors()) {
    checkpoint.tensors.push_back(read_tensor(stream, entry, path));
  }
  return checkpoint;
}

}  // namespace gradvitals
