#include "framework/io/shard_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

using nlohmann::json;

/// An index needs two levels; metadata may bring a list. Brackets alone would take gigabytes.
constexpr int kMaxDepth = 8;

json parse_object(std::string_view text, const std::string& path) {
  if (text.size() > kMaxIndexBytes) {
    refuse_input(path, fmt::format("an index of more than {} bytes", kMaxIndexBytes));
  }
  std::vector<std::unordered_set<std::string>> keys;  // Of each object that is open.
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth)
      refuse_input(path, fmt::format("nested deeper than {} levels", kMaxDepth));
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event != json::parse_event_t::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (!keys.back().insert(key).second) {
      refuse_input(path, fmt::format("key {} is given twice in one object", in_quotes(key)));
    }
    return true;
  };
  try {
    json index = json::parse(text, check);
    if (!index.is_object()) refuse_input(path, "is no JSON object");
    return index;
  } catch (const json::parse_error& error) {
    refuse_input(path, fmt::format("no JSON at byte {}", error.byte));
  } catch (const json::out_of_range&) {
    refuse_input(path, "holds a number beyond the range of float64");
  }
}

/// A shard lies beside its index or below: an index from elsewhere must not open other files.
void check_file_name(const std::string& file, const std::string& tensor, const std::string& path) {
  const auto refuse = [&](std::string_view what) {
    refuse_input(path,
                 fmt::format("tensor {}: file {} {}", in_quotes(tensor), in_quotes(file), what));
  };
  if (file.empty() || file.find('\0') != std::string::npos) refuse("is no file name");
  const std::filesystem::path name(file);
  if (name.is_absolute()) refuse("is not relative to the index");
  if (std::ranges::find(name, std::filesystem::path("..")) != name.end()) {
    refuse("leaves the folder of the index");
  }
}

std::string metadata_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const bool is_list = value.is_array() && std::ranges::all_of(value, [](const json& element) {
                         return element.is_string();
                       });
  if (!is_list) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string lines;
  for (const json& element : value) lines += element.get<std::string>() + '\n';
  return lines;
}

}  // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& path) {
  const json object = parse_object(text, path);
  const auto map = object.find("weight_map");
  if (map == object.end() || !map->is_object()) refuse_input(path, "\"weight_map\" is no object");
  ShardIndex index;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) {
      refuse_input(path, fmt::format("tensor {}: its file is no text", in_quotes(tensor)));
    }
    const auto& name = file.get_ref<const std::string&>();
    check_file_name(name, tensor, path);
    // "./a" is "a".
    index.shards[std::filesystem::path(name).lexically_normal().string()].push_back(tensor);
  }
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || metadata->is_null()) return index;
  if (!metadata->is_object()) refuse_input(path, "\"metadata\" is no object");
  for (const auto& [key, value] : metadata->items()) index.metadata[key] = metadata_text(value);
  return index;
}

}  // namespace gradvitals
