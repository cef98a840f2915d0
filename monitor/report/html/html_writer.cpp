#include "monitor/report/html/html_writer.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "kernels/runtime/utf8.h"

namespace gradvitals {
namespace {

/// So that colour is never the only sign.
std::string_view sign_of(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "✓";
    case Severity::kInfo:
      return "i";
    case Severity::kWarning:
      return "!";
    case Severity::kCritical:
      return "✕";
  }
  return "";
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void HtmlWriter::open(std::string_view tag, Attributes attributes) {
  html_ += fmt::format("<{}", tag);
  for (const Attribute& attribute : attributes) {
    html_ += fmt::format(" {}=\"{}\"", attribute.name, html_escaped(attribute.value));
  }
  html_ += '>';
  tags_.emplace_back(tag);
}

void HtmlWriter::close() {
  if (tags_.empty()) throw std::logic_error("HtmlWriter: nothing to close");
  html_ += fmt::format("</{}>", tags_.back());
  tags_.pop_back();
  if (tags_.empty()) html_ += '\n';
}

void HtmlWriter::text(std::string_view text) {
  html_ += html_escaped(text);
}

void HtmlWriter::element(std::string_view tag, std::string_view text, Attributes attributes) {
  open(tag, attributes);
  this->text(text);
  close();
}

std::string HtmlWriter::finish() && {
  if (!tags_.empty()) throw std::logic_error("HtmlWriter: an element is open");
  return std::move(html_);
}

std::string severity_class(Severity severity) {
  return fmt::format("sev-{}", name(severity));
}

void write_chip(HtmlWriter& out, Severity severity, std::string_view word) {
  const std::string_view shown = word.empty() ? name(severity) : word;
  out.element("span", fmt::format("{} {}", sign_of(severity), shown),
              {{"class", fmt::format("chip {}", severity_class(severity))}});
}

}  // namespace gradvitals
