#include "monitor/metrics/python_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kConstants{"NaN", "Infinity", "-Infinity"};

/// JSON with Python's constants in quotes, and where they are.
struct Quoted {
  std::string text;
  std::vector<std::size_t> constants;  ///< Bytes of `text` at which one begins.

  /// Where byte `at` of the text was before.
  std::size_t original(std::size_t at) const {
    std::size_t added = 0;
    for (const std::size_t constant : constants) {
      if (constant < at) added += constant + 1 < at ? 2 : 1;
    }
    return at - std::min(at, added);
  }
};

bool is_word_or_hyphen(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
}

/// The constant that stands at the beginning of `rest`; empty for none.
std::string_view constant_at(std::string_view rest) {
  for (const std::string_view word : kConstants) {
    if (rest.starts_with(word) &&
        (rest.size() == word.size() || !is_word_or_hyphen(rest[word.size()]))) {
      return word;
    }
  }
  return {};
}

Quoted quote_constants(std::string_view text) {
  Quoted quoted;
  quoted.text.reserve(text.size());
  bool in_string = false, is_after_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool may_begin =
        !in_string && !is_after_word && (letter == 'N' || letter == 'I' || letter == '-');
    const std::string_view constant = may_begin ? constant_at(text.substr(i)) : "";
    if (!constant.empty()) {
      quoted.constants.push_back(quoted.text.size());
      quoted.text += fmt::format("\"{}\"", constant);
      i += constant.size() - 1;
      continue;
    }
    if (letter == '"') in_string = !in_string;
    is_after_word = is_word_or_hyphen(letter);
    quoted.text += letter;
    const bool is_escape = in_string && letter == '\\' && i + 1 < text.size();
    if (is_escape) quoted.text += text[++i];
  }
  return quoted;
}

/// Whether `rest` is the beginning of a constant: the text ends within it.
bool is_cut_constant(std::string_view rest) {
  return std::ranges::any_of(
      kConstants, [&](std::string_view word) { return !rest.empty() && word.starts_with(rest); });
}

/// Records need a few levels; a file of brackets alone would take gigabytes.
constexpr std::size_t kMaxDepth = 16;

/// Builds the value of a text, event by event. nlohmann's parser with a callback looks through a list
/// again at the end of each of its objects.
class TreeBuilder final : public json::json_sax_t {
 public:
  /// nlohmann names these.
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string& /*digits*/) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(json::binary_t& /*value*/) override { return false; }  // JSON has none.
  bool start_object(std::size_t /*count*/) override { return open(json::object()); }
  bool start_array(std::size_t /*count*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    const auto [place, is_new] = open_.back()->emplace(name, nullptr);
    if (!is_new) {
      complaint_ = fmt::format("key {} is given twice in one object", in_quotes(name));
    }
    member_ = &*place;
    return is_new;
  }

  bool parse_error(std::size_t byte, const std::string& /*token*/,
                   const json::exception& error) override {
    if (dynamic_cast<const json::out_of_range*>(&error) != nullptr) {
      complaint_ = "holds a number beyond the range of float64";
    }
    error_byte_ = byte;
    return false;
  }

  json take() { return std::move(root_); }
  /// Where parsing stopped, unless complaint() says why.
  std::size_t error_byte() const { return error_byte_; }
  const std::string& complaint() const { return complaint_; }

 private:
  json& place() {
    if (open_.empty()) return root_;
    if (open_.back()->is_object()) return *member_;
    return open_.back()->emplace_back(nullptr);
  }

  template <class Value>
  bool add(Value&& value) {
    place() = std::forward<Value>(value);
    return true;
  }

  bool open(json container) {
    if (open_.size() == kMaxDepth) {
      complaint_ = fmt::format("nested deeper than {} levels", kMaxDepth);
      return false;
    }
    json& opened = place();
    opened = std::move(container);
    open_.push_back(&opened);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> open_;  ///< The innermost last.
  json* member_ = nullptr;   ///< Of the innermost object, the one whose key was read last.
  std::size_t error_byte_ = 0;
  std::string complaint_;
};

/// nlohmann's own messages quote the input, at any length.
void complain(JsonText& result, const Quoted& quoted, std::size_t byte) {
  const std::string_view text = quoted.text;
  result.is_cut_short = byte == 0 || byte > text.size() || is_cut_constant(text.substr(byte - 1));
  result.complaint = result.is_cut_short ? std::string("ends before its JSON does")
                                         : fmt::format("no JSON at byte {}", quoted.original(byte));
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

JsonText read_json(std::string_view text) {
  const Quoted quoted = quote_constants(text);
  JsonText result;
  TreeBuilder tree;
  if (json::sax_parse(quoted.text, &tree)) {
    result.value = tree.take();
  } else if (tree.complaint().empty()) {
    complain(result, quoted, tree.error_byte());
  } else {
    result.complaint = tree.complaint();
  }
  return result;
}

std::optional<double> to_number(const json& value) {
  using Double = std::numeric_limits<double>;
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& word = value.get_ref<const std::string&>();
  if (word == "NaN" || word == "nan") return Double::quiet_NaN();
  if (word == "Infinity" || word == "inf") return Double::infinity();
  if (word == "-Infinity" || word == "-inf") return -Double::infinity();
  return std::nullopt;
}

}  // namespace gradvitals
