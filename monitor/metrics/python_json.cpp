#include "monitor/metrics/python_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>
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
constexpr int kMaxDepth = 16;

struct TooDeep {};

/// One of the two values would be lost.
struct RepeatedKey {
  std::string key;
};

/// Watches over a text while it is parsed: keys of every object that is open.
class ParseGuard {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kMaxDepth) throw TooDeep();
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event != json::parse_event_t::key) return true;
    const auto& key = parsed.get_ref<const std::string&>();
    if (!open_.back().insert(key).second) throw RepeatedKey{key};
    return true;
  }

 private:
  std::vector<std::unordered_set<std::string>> open_;
};

/// nlohmann's own messages quote the input, at any length.
void complain(JsonText& result, const Quoted& quoted, std::size_t byte) {
  const std::string_view text = quoted.text;
  result.is_cut_short = byte == 0 || byte > text.size() || is_cut_constant(text.substr(byte - 1));
  result.complaint = result.is_cut_short ? std::string("ends before its JSON does")
                                         : fmt::format("no JSON at byte {}", quoted.original(byte));
}

}  // namespace

JsonText read_json(std::string_view text) {
  const Quoted quoted = quote_constants(text);
  JsonText result;
  try {
    result.value = json::parse(
        quoted.text,
        [guard = ParseGuard()](int depth, json::parse_event_t event, const json& parsed) mutable {
          return guard(depth, event, parsed);
        });
  } catch (const json::parse_error& error) {
    complain(result, quoted, error.byte);
  } catch (const json::out_of_range&) {
    result.complaint = "holds a number beyond the range of float64";
  } catch (const RepeatedKey& repeated) {
    result.complaint = fmt::format("key {} is given twice in one object", in_quotes(repeated.key));
  } catch (const TooDeep&) {
    result.complaint = fmt::format("nested deeper than {} levels", kMaxDepth);
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
