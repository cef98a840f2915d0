#include "framework/io/npy_header.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "framework/io/tensor_entry.h"
#include "kernels/runtime/input_message.h"

namespace gradvitals {
namespace {

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (64, 20), } from left to right.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path, const std::string& where)
      : text_(text), path_(path), where_(where) {}

  NpyHeader parse();

 private:
  void parse_field(const std::string& key);
  void parse_descr();
  void parse_shape();
  bool parse_boolean();
  std::string parse_string();
  std::uint64_t parse_dimension();

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  /// Steps over `token` where it comes next.
  bool takes(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!takes(token)) refuse(fmt::format("'{}' is missing", token));
  }
  [[noreturn]] void refuse(const std::string& what) const {
    refuse_input(path_, fmt::format("{}character {} of the header: {}", where_, at_, what));
  }

  std::string_view text_;
  const std::string& path_;
  const std::string& where_;
  std::size_t at_ = 0;
  NpyHeader header_;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

NpyHeader HeaderParser::parse() {
  expect("{");
  while (!takes("}")) {
    const std::string key = parse_string();
    expect(":");
    parse_field(key);
    if (header_.is_structured) return std::move(header_);  // Refused whatever the rest says.
    if (takes(",")) continue;
    expect("}");
    break;
  }
  skip_blanks();
  if (at_ != text_.size()) refuse("something follows the dictionary");
  if (!has_descr_) refuse("'descr' is missing");
  if (!has_order_) refuse("'fortran_order' is missing");
  if (!has_shape_) refuse("'shape' is missing");
  return std::move(header_);
}

void HeaderParser::parse_field(const std::string& key) {
  bool* const seen = key == "descr"           ? &has_descr_
                     : key == "fortran_order" ? &has_order_
                     : key == "shape"         ? &has_shape_
                                              : nullptr;
  if (seen == nullptr) refuse(fmt::format("unknown key {}", in_quotes(key)));
  if (std::exchange(*seen, true)) refuse(fmt::format("{} stands twice", in_quotes(key)));
  if (seen == &has_descr_) parse_descr();
  if (seen == &has_order_) header_.fortran_order = parse_boolean();
  if (seen == &has_shape_) parse_shape();
}

void HeaderParser::parse_descr() {
  skip_blanks();
  const bool is_text = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"');
  if (is_text) {
    header_.descr = parse_string();
  } else if (takes("[") || takes("(")) {
    header_.is_structured = true;
  } else {
    refuse("'descr' is no string");
  }
}

bool HeaderParser::parse_boolean() {
  if (takes("True")) return true;
  if (!takes("False")) refuse("'fortran_order' is neither True nor False");
  return false;
}

std::string HeaderParser::parse_string() {
  skip_blanks();
  if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) {
    refuse("a string is missing");
  }
  const std::size_t end = text_.find(text_[at_], at_ + 1);
  if (end == std::string_view::npos) refuse("a string without end");
  const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  return std::string(content);
}

std::uint64_t HeaderParser::parse_dimension() {
  skip_blanks();
  std::uint64_t value = 0;
  const char* const begin = text_.data() + at_;
  const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc()) refuse("a dimension is no whole number >= 0 below 2^64");
  at_ += static_cast<std::size_t>(stop - begin);
  takes("L");  // As Python 2 wrote large ones.
  return value;
}

void HeaderParser::parse_shape() {
  expect("(");
  while (!takes(")")) {
    if (header_.shape.size() == kMaxDimensions) {
      refuse(fmt::format("more than {} dimensions", kMaxDimensions));
    }
    header_.shape.push_back(parse_dimension());
    if (takes(",")) continue;
    expect(")");
    break;
  }
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& path,
                           const std::string& where) {
  return HeaderParser(text, path, where).parse();
}

}  // namespace gradvitals
