// Prints the elements of each tensor of a case as JSON, for those who measure in another language.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <exception>

#include "benchmarks/tensor_cases.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: tensor_shapes CASE\n");
    return 2;
  }
  try {
    fmt::print("[{}]\n", fmt::join(gradvitals::counts_of(argv[1]), ", "));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tensor_shapes: {}: {}\n", argv[1], error.what());
    return 2;
  }
}
