#include "kernels/runtime/dtype.h"

#include <array>
#include <bit>

namespace gradvitals {
namespace {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::int64_t bytes;
};

constexpr std::array kDTypes = {
    DTypeInfo{DType::kFloat32, "F32", 4},
    DTypeInfo{DType::kFloat64, "F64", 8},
    DTypeInfo{DType::kFloat16, "F16", 2},
    DTypeInfo{DType::kBFloat16, "BF16", 2},
};

}  // namespace

std::int64_t size_in_bytes(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].bytes;
}

std::string_view name(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].name;
}

std::optional<DType> parse_dtype(std::string_view text) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == text) return info.dtype;
  }
  return std::nullopt;
}

float to_float32(Float16 value) {
  // binary16 is 1 sign, 5 exponent (bias 15) and 10 mantissa bits; binary32 is 1, 8 (127) and 23.
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1fu;
  const std::uint32_t mantissa = value.bits & 0x3ffu;
  if (exponent == 0) {  // Zero and subnormals: mantissa * 2^-24, exact in binary32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t wide_exponent = exponent == 0x1fu ? 0xffu : exponent + 127 - 15;
  return std::bit_cast<float>(sign | wide_exponent << 23 | mantissa << 13);
}

float to_float32(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

}  // namespace gradvitals
