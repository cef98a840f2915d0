#include <cstdlib>

#include "framework/io/text_table.h"
#include "monitor/recorded/recorded_table.h"
#include "tests/fuzz/recorded_checks.h"

namespace gradvitals::test {
namespace {

void check_table(const TextTable& table, std::string_view text) {
  require(!table.columns.empty() && !table.lines.empty(), "too small a table");
  require(table.cells.size() == table.lines.size() * table.columns.size(), "wrong count");
  require(table.skipped_lines == 0 || table.skipped_lines == 1, "more than the last line");
  std::int64_t line_before = 1;
  for (const std::int64_t line : table.lines) {
    require(line > line_before, "lines out of order");
    line_before = line;
  }
  require(line_before <= std::ranges::count(text, '\n') + 1, "a line beyond the end");
  for (const std::string_view cell : table.cells) {
    if (cell.empty()) continue;
    require(cell.data() >= text.data() && cell.data() + cell.size() <= text.data() + text.size(),
            "a cell outside the text");
    require(cell.find('\n') == std::string_view::npos, "a cell of two lines");
    require(std::string_view(" \t").find(cell.front()) == std::string_view::npos &&
                std::string_view(" \t").find(cell.back()) == std::string_view::npos,
            "blanks around a cell");
  }
}

std::unordered_set<double> numbers_in(const TextTable& table) {
  std::unordered_set<double> numbers;
  for (const std::string_view cell : table.cells) {
    const std::string terminated(cell);
    numbers.insert(std::strtod(terminated.c_str(), nullptr));
  }
  return numbers;
}

}  // namespace

void fuzz_table(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    const TextTable table = parse_text_table(text, "fuzz");
    check_table(table, text);
    const RecordedMetrics recorded = recorded_from_table(
        {.columns = table.columns, .cells = table.cells, .lines = table.lines}, "fuzz");
    require(recorded.steps.size() <= table.lines.size(), "more steps than rows");
    check_recorded(recorded, text, numbers_in(table));
  });
}

}  // namespace gradvitals::test
