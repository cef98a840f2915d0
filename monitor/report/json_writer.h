// JsonWriter: one JSON document, written value by value.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gradvitals {

using Json = nlohmann::ordered_json;

/// Writes what Json::dump would, without a tree of the whole document: that of thousands of tensors
/// takes several times the memory of their text. Indented by two spaces, ASCII only; bytes that are
/// no UTF-8 become U+FFFD. Calls that would make no JSON throw std::logic_error: a value of an
/// object without its key, a key elsewhere or without its value, a bracket too few or too many.
class JsonWriter {
 public:
  /// In an object, the key of what is opened or written next.
  void key(std::string_view name);

  void open_object();
  void open_array();
  /// Ends what was opened last.
  void close();

  void value(const Json& value);
  void member(std::string_view name, const Json& value);

  /// The whole document and a line break, once everything is closed.
  std::string finish() &&;

 private:
  void open(char bracket);
  void begin_value();
  void separate();
  std::string indentation() const { return std::string(2 * ends_.size(), ' '); }

  bool in_object() const { return !ends_.empty() && ends_.back() == '}'; }

  std::string text_;
  std::string ends_;    ///< The closing brackets that are due, innermost last.
  bool empty_ = true;   ///< Nothing stands yet in what was opened last.
  bool keyed_ = false;  ///< A key stands last.
};

}  // namespace gradvitals
