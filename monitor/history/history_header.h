// The first line of a history. Internal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace gradvitals {

/// Longer first lines are no history's.
inline constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 20;

struct HistoryHeader {
  std::string run;
  std::map<std::string, std::string> settings;
};

/// {"schema":"gradvitals.history/1","run":"...","columns":[...],"settings":{...}} and a line break.
std::string header_line(const HistoryHeader& header);

/// What may stand before the first line and at the end of each where an editor had the file.
std::string_view without_marks_of_editors(std::string_view line);

/// Whether the line is the first one of a history, of whichever version.
bool is_history_header(std::string_view line);

/// Whether the text, the whole of a file, is the beginning of a first line: its writer was ended there.
/// "{" is one.
bool is_cut_header(std::string_view text);

/// The inverse of header_line(). Throws InputError naming the path where the line is none, and for a
/// version that this code does not read.
HistoryHeader parse_header_line(std::string_view line, const std::string& path);

}  // namespace gradvitals
