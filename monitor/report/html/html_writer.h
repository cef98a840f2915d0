// HtmlWriter: markup in which no text can become more than text. Internal.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// Printable (utf8.h), with & < > " ' as entities: for text and for values of attributes.
std::string html_escaped(std::string_view text);

/// Elements one within the other. Texts and values of attributes may hold any bytes; tags, names of
/// attributes and raw() are for constants of the program.
class HtmlWriter {
 public:
  struct Attribute {
    std::string_view name;
    std::string_view value;
  };
  using Attributes = std::initializer_list<Attribute>;

  void open(std::string_view tag, Attributes attributes = {});
  /// Ends what was opened last.
  void close();
  void text(std::string_view text);
  void raw(std::string_view markup) { html_ += markup; }
  /// open(), text() and close().
  void element(std::string_view tag, std::string_view text, Attributes attributes = {});

  /// What was written, once everything is closed; throws std::logic_error before.
  std::string finish() &&;

 private:
  std::string html_;
  std::vector<std::string> tags_;
};

/// "sev-critical": the class that colours what is so severe.
std::string severity_class(Severity severity);

/// The severity as a word in a frame, with its sign before it.
void write_chip(HtmlWriter& out, Severity severity, std::string_view word = {});

}  // namespace gradvitals
