#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "framework/io/safetensors.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {
namespace {

bool same(const SafetensorsEntry& a, const SafetensorsEntry& b) {
  return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && a.count == b.count &&
         std::ranges::equal(a.bytes, b.bytes);
}

/// What was read can be written, and then reads the same.
void check_round_trip(const SafetensorsContents& contents) {
  std::ostringstream out;
  write_safetensors(out, contents.tensors, contents.metadata);
  const std::string written = out.str();
  const SafetensorsContents again = parse_safetensors(std::as_bytes(std::span(written)), "written");
  require(again.metadata == contents.metadata, "metadata changed");
  require(std::ranges::equal(again.tensors, contents.tensors, same), "tensors changed");
}

void check_file(std::span<const std::byte> file) {
  read_or_refuse("fuzz: ", [&] {
    const SafetensorsContents contents = parse_safetensors(file, "fuzz");
    std::size_t covered = 0;
    for (const SafetensorsEntry& entry : contents.tensors) {
      require(entry.count * size_in_bytes(entry.dtype) == std::ssize(entry.bytes), "wrong count");
      covered += entry.bytes.size();
    }
    require(covered <= file.size(), "tensors overlap");
    check_round_trip(contents);
  });
}

/// The input as JSON up to its first NUL and data after it, with the right length before: no
/// mutation has to guess that.
std::vector<std::byte> with_header_length(std::span<const std::byte> input) {
  const auto nul = std::ranges::find(input, std::byte{0});
  const std::uint64_t length = static_cast<std::uint64_t>(nul - input.begin());
  std::vector<std::byte> file(sizeof length);
  std::memcpy(file.data(), &length, sizeof length);
  file.insert(file.end(), input.begin(), nul);
  if (nul != input.end()) file.insert(file.end(), nul + 1, input.end());
  return file;
}

}  // namespace

void fuzz_safetensors(std::span<const std::byte> input) {
  check_file(input);
  check_file(with_header_length(input));
}

}  // namespace gradvitals::test
