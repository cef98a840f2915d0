#include "framework/io/csv.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {

void fuzz_csv(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    const CsvTable table = parse_csv(text, "fuzz");
    require(table.rows >= 2 && table.cols >= 1, "too small a table");
    require(table.rows * table.cols == std::ssize(table.values), "wrong count");
    require(table.columns.empty() || std::ssize(table.columns) == table.cols, "wrong names");
  });
}

}  // namespace gradvitals::test
