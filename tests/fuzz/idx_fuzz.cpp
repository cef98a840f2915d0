#include "framework/io/idx.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {

void fuzz_idx(std::span<const std::byte> input) {
  read_or_refuse("fuzz: ", [&] {
    const IdxArray array = parse_idx(input, "fuzz");
    require(!array.shape.empty(), "no dimensions");
    require(array.values.size() <= input.size(), "more elements than bytes");
    // In long double: the dimensions before a zero may leave std::int64_t.
    long double claimed = 1;
    for (const std::int64_t dimension : array.shape) claimed *= static_cast<long double>(dimension);
    require(claimed == static_cast<long double>(array.values.size()), "wrong count");
  });
}

}  // namespace gradvitals::test
