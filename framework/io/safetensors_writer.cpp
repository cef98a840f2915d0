#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <ostream>
#include <set>
#include <stdexcept>

#include "framework/io/safetensors.h"
#include "framework/io/safetensors_header.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

constexpr std::size_t kHeaderAlignment = 8;

void check_writable(const SafetensorsEntry& entry, std::set<std::string_view>& taken) {
  const auto refuse = [&](const char* what) {
    throw std::invalid_argument(
        fmt::format("write_safetensors: tensor {}: {}", in_quotes(entry.name), what));
  };
  if (entry.name == kMetadataKey) refuse("the name is reserved");
  if (!taken.insert(entry.name).second) refuse("the name is given twice");
  const std::int64_t count =
      std::accumulate(entry.shape.begin(), entry.shape.end(), std::int64_t{1}, std::multiplies<>());
  if (count != entry.count) refuse("shape and count disagree");
  if (static_cast<std::int64_t>(entry.bytes.size()) != count * size_in_bytes(entry.dtype)) {
    refuse("shape and bytes disagree");
  }
}

std::string header_text(std::span<const SafetensorsEntry> tensors,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kMetadataKey)] = metadata;
  std::set<std::string_view> taken;
  std::size_t offset = 0;
  for (const SafetensorsEntry& entry : tensors) {
    check_writable(entry, taken);
    header.push_back({entry.name,
                      {{"dtype", name(entry.dtype)},
                       {"shape", entry.shape},
                       {"data_offsets", {offset, offset + entry.bytes.size()}}}});
    offset += entry.bytes.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::type_error&) {
    throw std::invalid_argument("write_safetensors: a name or the metadata is not UTF-8");
  }
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(std::ostream& out, std::span<const SafetensorsEntry> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(tensors, metadata);
  const std::uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const SafetensorsEntry& entry : tensors) {
    out.write(reinterpret_cast<const char*>(entry.bytes.data()),
              static_cast<std::streamsize>(entry.bytes.size()));
  }
}

}  // namespace gradvitals
