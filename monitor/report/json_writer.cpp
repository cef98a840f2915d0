#include "monitor/report/json_writer.h"

#include <stdexcept>
#include <utility>

namespace gradvitals {
namespace {

std::string dumped(const Json& value) {
  return value.dump(2, ' ', true, Json::error_handler_t::replace);
}

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(std::string("JsonWriter: ") + what);
}

}  // namespace

void JsonWriter::begin_value() {
  require(keyed_ == in_object(), "a value of an object needs a key");
  require(!ends_.empty() || text_.empty(), "a second document");
  if (!std::exchange(keyed_, false)) separate();
}

void JsonWriter::separate() {
  if (ends_.empty()) return;
  text_ += empty_ ? "\n" : ",\n";
  text_ += indentation();
  empty_ = false;
}

void JsonWriter::key(std::string_view name) {
  require(in_object() && !keyed_, "a key has no place here");
  separate();
  text_ += dumped(Json(name));
  text_ += ": ";
  keyed_ = true;
}

void JsonWriter::open(char bracket) {
  begin_value();
  text_ += bracket;
  ends_ += bracket == '{' ? '}' : ']';
  empty_ = true;
}

void JsonWriter::open_object() {
  open('{');
}

void JsonWriter::open_array() {
  open('[');
}

void JsonWriter::close() {
  require(!ends_.empty() && !keyed_, "nothing to close");
  const char end = ends_.back();
  ends_.pop_back();
  if (!empty_) {
    text_ += '\n';
    text_ += indentation();
  }
  text_ += end;
  empty_ = false;
}

void JsonWriter::value(const Json& value) {
  begin_value();
  // A line break in a dump is always one of layout: within a string it is escaped.
  for (const char c : dumped(value)) {
    text_ += c;
    if (c == '\n') text_ += indentation();
  }
}

void JsonWriter::member(std::string_view name, const Json& value) {
  key(name);
  this->value(value);
}

std::string JsonWriter::finish() && {
  require(ends_.empty() && !text_.empty(), "the document is not complete");
  text_ += '\n';
  return std::move(text_);
}

}  // namespace gradvitals
