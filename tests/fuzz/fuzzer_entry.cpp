// libFuzzer's entry: one program per target, which the build names.
#include <cstdint>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradvitals::test::GRADVITALS_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
