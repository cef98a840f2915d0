// Contract: framework/io/checksum.h. Oracle: the check value of the standard, and the definition, bit by
//           bit.
#include "framework/io/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace gradvitals {
namespace {

std::uint32_t crc32_by_bits(std::string_view text) {
  std::uint32_t crc = ~0U;
  for (const char letter : text) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

TEST(Crc32, HasTheValuesOfTheStandard) {
  Crc32 check;
  check.add("123456789");
  EXPECT_EQ(check.value(), 0xcbf43926U);
  EXPECT_EQ(Crc32().value(), 0U);
}

TEST(Crc32, IsTheSameInPiecesOfAnyLength) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7 % 256);
  const std::string_view all = text;
  for (const std::size_t cut : {0U, 1U, 7U, 512U, 1000U}) {
    Crc32 crc;
    crc.add(all.substr(0, cut));
    crc.add(all.substr(cut));
    EXPECT_EQ(crc.value(), crc32_by_bits(text)) << cut;
  }
}

}  // namespace
}  // namespace gradvitals
