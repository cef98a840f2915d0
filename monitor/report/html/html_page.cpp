#include "monitor/report/html/html_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "kernels/runtime/utf8.h"
#include "monitor/report/html/embedded_files.h"
#include "monitor/report/html/html_writer.h"

namespace gradvitals {
namespace {

struct Slot {
  std::string_view name;
  std::string_view content;
};

/// The template with what its slots stand for, which is not read again.
std::string filled(std::string_view text, std::span<const Slot> slots) {
  std::string page;
  while (true) {
    const std::size_t begin = text.find("{{");
    if (begin == std::string_view::npos) break;
    const std::size_t end = text.find("}}", begin);
    const std::string_view name = text.substr(begin + 2, end - begin - 2);
    const auto slot = std::ranges::find(slots, name, &Slot::name);
    if (slot == slots.end()) throw std::logic_error(fmt::format("page: no slot {}", name));
    page += text.substr(0, begin);
    page += slot->content;
    text.remove_prefix(end + 2);
  }
  return page.append(text);
}

/// JSON in ASCII in which no markup can begin or end: < and > stand in strings alone.
std::string script_safe(const Json& data) {
  std::string safe;
  for (const char c : data.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (c == '<') {
      safe += "\\u003c";
    } else if (c == '>') {
      safe += "\\u003e";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

Json page_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

Json page_number(const std::optional<double>& value) {
  return value ? page_number(*value) : Json();
}

Json page_text(std::string_view text) {
  return printable(text);
}

std::string assemble_page(const PageParts& parts) {
  const EmbeddedFiles& files = embedded_files();
  const std::string policy = fmt::format(
      "default-src 'none'; script-src 'sha256-{}' 'sha256-{}'; style-src 'sha256-{}'; img-src "
      "data:; "
      "base-uri 'none'; form-action 'none'",
      files.script_hash, files.chart_library_hash, files.style_hash);
  const std::string title = html_escaped(parts.title);
  const std::string data = script_safe(parts.data);
  const std::array slots = {Slot{"policy", policy},      Slot{"title", title},
                            Slot{"style", files.style},  Slot{"body", parts.body},
                            Slot{"data", data},          Slot{"chart_library", files.chart_library},
                            Slot{"script", files.script}};
  return filled(files.page, slots);
}

}  // namespace gradvitals
