#include "framework/io/parameter_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "framework/io/tensor_dump.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

using nlohmann::json;

std::string_view without_outer_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Every name once, in the order of the first time.
class NameList {
 public:
  void add(std::string_view name) {
    if (!name.empty() && known_.emplace(name).second) names_.emplace_back(name);
  }
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::set<std::string, std::less<>> known_;
  std::vector<std::string> names_;
};

std::vector<std::string> names_of_array(std::string_view text, const std::string& source) {
  // Of strings alone: nothing is nested, and a file of brackets alone takes no memory.
  const auto check_depth = [&source](int depth, json::parse_event_t, json&) {
    if (depth > 1) refuse_input(source, "the JSON array of names holds something that is no name");
    return true;
  };
  json array;
  try {
    array = json::parse(text, check_depth);
  } catch (const json::parse_error& error) {
    refuse_input(source, fmt::format("no JSON array of names at byte {}", error.byte));
  } catch (const json::out_of_range&) {
    refuse_input(source, "the JSON array of names holds a number");
  }
  NameList names;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (!array[i].is_string()) refuse_input(source, fmt::format("entry {} is no name", i));
    names.add(array[i].get_ref<const std::string&>());
  }
  return names.take();
}

std::vector<std::string> names_between(std::string_view text, char separator) {
  NameList names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    names.add(without_outer_blanks(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names.take();
}

}  // namespace

std::vector<std::string> parse_parameter_names(std::string_view text, const std::string& source) {
  const std::string_view content = without_outer_blanks(text);
  if (content.find('\0') != std::string_view::npos) {
    refuse_input(source, "neither safetensors nor a text with a name a line");
  }
  if (content.starts_with('[')) return names_of_array(content, source);
  const bool is_one_line = content.find('\n') == std::string_view::npos;
  return names_between(content, is_one_line ? ',' : '\n');
}

std::vector<std::string> read_parameter_names(const std::string& path) {
  std::vector<std::string> names;
  InputFile file(path);
  if (file.kind() == FileKind::kJson || file.kind() == FileKind::kText) {
    names = parse_parameter_names(as_text(file.bytes()), file.path());
  } else {
    const TensorDump dump(std::move(file));
    for (const SafetensorsEntry& tensor : dump.tensors()) names.push_back(tensor.name);
  }
  if (names.empty()) refuse_input(path, "names no parameter");
  return names;
}

bool is_buffer_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kBuffers = {
      "running_mean", "running_var", "num_batches_tracked", "moving_mean", "moving_variance"};
  return std::ranges::any_of(kBuffers, [name](std::string_view b) { return name.ends_with(b); });
}

}  // namespace gradvitals
