#include "monitor/report/json_writer.h"

#include <utility>

namespace gradvitals {
namespace {

std::string dumped(const Json& value) {
  return value.dump(2, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

void JsonWriter::separate() {
  if (std::exchange(keyed_, false) || ends_.empty()) return;
  text_ += empty_ ? "\n" : ",\n";
  text_ += indentation();
  empty_ = false;
}

void JsonWriter::key(std::string_view name) {
  separate();
  text_ += dumped(Json(name));
  text_ += ": ";
  keyed_ = true;
}

void JsonWriter::open(char bracket) {
  separate();
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
  separate();
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
  text_ += '\n';
  return std::move(text_);
}

}  // namespace gradvitals
