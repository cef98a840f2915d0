#include "monitor/history/history_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kernels/runtime/input_message.h"
#include "monitor/history/history_layout.h"
#include "monitor/history/history_writer.h"
#include "monitor/metrics/python_json.h"

namespace gradvitals {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kAnyVersion = "gradvitals.history/";

/// Empty for what is no object with a schema.
std::string schema_of(const json& value) {
  if (!value.is_object()) return {};
  const auto schema = value.find("schema");
  return schema == value.end() || !schema->is_string() ? std::string() : schema->get<std::string>();
}

}  // namespace

std::string header_line(const HistoryHeader& header) {
  const ordered_json line = {{"schema", kHistorySchema},
                             {"run", header.run},
                             {"columns", kHistoryColumns},
                             {"settings", header.settings}};
  return line.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n";
}

std::string_view without_marks_of_editors(std::string_view line) {
  line = without_byte_order_mark(line);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_history_header(std::string_view line) {
  line = without_marks_of_editors(line);
  if (!line.starts_with('{') || line.size() > kMostHeaderBytes ||
      line.find(kAnyVersion) == std::string_view::npos) {
    return false;
  }
  return schema_of(read_json(line).value).starts_with(kAnyVersion);
}

bool is_cut_header(std::string_view text) {
  if (text.empty() || text.size() > kMostHeaderBytes || text.find('\n') != std::string_view::npos)
    return false;
  const std::string start = fmt::format(R"({{"schema":"{}",)", kHistorySchema);
  return text.starts_with(std::string_view(start).substr(0, text.size())) &&
         read_json(text).is_cut_short;
}

HistoryHeader parse_header_line(std::string_view line, const std::string& path) {
  line = without_marks_of_editors(line);
  if (!is_history_header(line)) {
    refuse_input(path,
                 fmt::format("line 1 is not the first of a history, which says {}; the option "
                             "--history of a training writes one, and gradvitals diagnose reads "
                             "gradients from dumps and CSV",
                             in_quotes(kHistorySchema)));
  }
  const json value = read_json(line).value;
  if (schema_of(value) != kHistorySchema) {
    refuse_input(path, fmt::format("is a history of schema {}, and this program reads {}: use the "
                                   "gradvitals that wrote it, or a newer one",
                                   in_quotes(schema_of(value)), in_quotes(kHistorySchema)));
  }
  if (value.value("columns", json()) != json(kHistoryColumns)) {
    refuse_input(path, fmt::format("line 1: \"columns\" are not those of {}", kHistorySchema));
  }
  HistoryHeader header;
  const json run = value.value("run", json());
  if (run.is_string()) header.run = run.get<std::string>();
  const json settings = value.value("settings", json::object());
  for (const auto& [key, setting] : settings.items()) {
    if (setting.is_string()) header.settings[key] = setting.get<std::string>();
  }
  return header;
}

}  // namespace gradvitals
