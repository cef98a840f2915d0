// What a product is tested on: its shape, layout and scales.
#pragma once

#include <cstdint>
#include <ostream>

namespace gradvitals::test {

struct GemmCase {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  double alpha = 1;
  double beta = 0;
  std::int64_t misalignment_bytes = 0;  ///< Of the operands' first elements.
};

inline std::ostream& operator<<(std::ostream& out, const GemmCase& c) {
  return out << c.m << " x " << c.n << " x " << c.k << (c.transpose_a ? " T" : " N")
             << (c.transpose_b ? "T" : "N") << ", alpha " << c.alpha << ", beta " << c.beta
             << ", off by " << c.misalignment_bytes;
}

}  // namespace gradvitals::test
