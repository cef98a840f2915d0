// Every input that a fuzzer kept, once more: what it found stays mended, without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {
namespace {

void replay(const std::string& name, void (*target)(std::span<const std::byte>)) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GRADVITALS_FUZZ_CORPUS "/" + name)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream in(entry.path(), std::ios::binary);
    const std::vector<char> input{std::istreambuf_iterator<char>(in), {}};
    EXPECT_NO_THROW(target(std::as_bytes(std::span(input))));
    ++inputs;
  }
  EXPECT_GE(inputs, 10) << "the corpus has gone";
}

TEST(FuzzCorpus, SafetensorsIsReadOrRefused) {
  replay("safetensors", fuzz_safetensors);
}
TEST(FuzzCorpus, CsvIsReadOrRefused) {
  replay("csv", fuzz_csv);
}
TEST(FuzzCorpus, IdxIsReadOrRefused) {
  replay("idx", fuzz_idx);
}
TEST(FuzzCorpus, MetricsAreReadOrRefused) {
  replay("metrics", fuzz_metrics);
}
TEST(FuzzCorpus, TablesAreReadOrRefused) {
  replay("table", fuzz_table);
}
TEST(FuzzCorpus, HistoriesAreReadOrRefused) {
  replay("history", fuzz_history);
}
TEST(FuzzCorpus, NumpyIsReadOrRefused) {
  replay("npy", fuzz_npy);
}
TEST(FuzzCorpus, ShardIndexesAreReadOrRefused) {
  replay("shard_index", fuzz_shard_index);
}

}  // namespace
}  // namespace gradvitals::test
