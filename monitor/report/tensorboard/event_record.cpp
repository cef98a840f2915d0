#include "monitor/report/tensorboard/event_record.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace gradvitals {
namespace {

// Field numbers and enumerators of tensorflow/core/util/event.proto, and of summary.proto,
// tensor.proto, tensor_shape.proto and types.proto in tensorflow/core/framework.
constexpr std::uint32_t kEventWallTime = 1;
constexpr std::uint32_t kEventStep = 2;
constexpr std::uint32_t kEventFileVersion = 3;
constexpr std::uint32_t kEventSummary = 5;
constexpr std::uint32_t kEventSessionLog = 7;
constexpr std::uint32_t kEventSourceMetadata = 10;
constexpr std::uint32_t kSourceWriter = 1;
constexpr std::uint32_t kSessionStatus = 1;
constexpr std::int64_t kSessionStart = 1;
constexpr std::uint32_t kSummaryValue = 1;
constexpr std::uint32_t kValueTag = 1;
constexpr std::uint32_t kValueSimple = 2;
constexpr std::uint32_t kValueTensor = 8;
constexpr std::uint32_t kValueMetadata = 9;
constexpr std::uint32_t kMetadataPlugin = 1;
constexpr std::uint32_t kMetadataDescription = 3;
constexpr std::uint32_t kMetadataDataClass = 4;
constexpr std::int64_t kDataClassScalar = 1;
constexpr std::int64_t kDataClassTensor = 2;
constexpr std::uint32_t kPluginName = 1;
constexpr std::uint32_t kTensorDType = 1;
constexpr std::uint32_t kTensorShape = 2;
constexpr std::uint32_t kTensorContent = 4;
constexpr std::uint32_t kTensorStrings = 8;
constexpr std::uint32_t kShapeDimension = 2;
constexpr std::uint32_t kDimensionSize = 1;
constexpr std::int64_t kDTypeDouble = 2;
constexpr std::int64_t kDTypeString = 7;

constexpr std::string_view kFileVersion = "brain.Event:2";
constexpr std::string_view kWriter = "gradvitals";

/// Of each byte, for the reflected polynomial 0x1EDC6F41.
constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = rest;
  }
  return table;
}

std::uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8U;
}

template <class Bits>
void append_little_endian(std::string& out, Bits bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) out += static_cast<char>(bits >> (8 * i));
}

/// The nearest float32 of the same kind.
float float32_of(double value) {
  using Float = std::numeric_limits<float>;
  if (!std::isfinite(value) || value == 0.0) return static_cast<float>(value);
  const double magnitude = std::clamp(std::fabs(value), static_cast<double>(Float::denorm_min()),
                                      static_cast<double>(Float::max()));
  return static_cast<float>(std::copysign(magnitude, value));
}

ProtoMessage event_of(double wall_time, std::int64_t step) {
  ProtoMessage event;
  event.add_float64(kEventWallTime, wall_time).add_integer(kEventStep, step);
  return event;
}

/// What says which page shows a value.
ProtoMessage metadata_of(std::string_view plugin, std::string_view about, std::int64_t data_class) {
  ProtoMessage metadata;
  metadata.add_message(kMetadataPlugin, ProtoMessage().add_bytes(kPluginName, plugin));
  if (!about.empty()) metadata.add_bytes(kMetadataDescription, about);
  metadata.add_integer(kMetadataDataClass, data_class);
  return metadata;
}

ProtoMessage tensor_value(std::string_view tag, const ProtoMessage& metadata,
                          const ProtoMessage& tensor) {
  ProtoMessage value;
  value.add_bytes(kValueTag, tag)
      .add_message(kValueTensor, tensor)
      .add_message(kValueMetadata, metadata);
  return value;
}

ProtoMessage shape_dimension(std::int64_t size) {
  return ProtoMessage().add_integer(kDimensionSize, size);
}

/// (bins, 3) float64: where each begins, where it ends, and its elements.
ProtoMessage bins_tensor(const ExponentHistogram& histogram, int first, int last) {
  std::string content;
  for (int bin = first; bin <= last; ++bin) {
    for (const double number :
         {static_cast<double>(ExponentHistogram::first_exponent(bin)),
          static_cast<double>(ExponentHistogram::first_exponent(bin + 1)),
          static_cast<double>(histogram.bins[static_cast<std::size_t>(bin)])}) {
      append_little_endian(content, std::bit_cast<std::uint64_t>(number));
    }
  }
  ProtoMessage shape;
  shape.add_message(kShapeDimension, shape_dimension(last - first + 1))
      .add_message(kShapeDimension, shape_dimension(3));
  ProtoMessage tensor;
  tensor.add_integer(kTensorDType, kDTypeDouble)
      .add_message(kTensorShape, shape)
      .add_bytes(kTensorContent, content);
  return tensor;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc32c_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

std::string framed_record(std::string_view bytes) {
  std::string record;
  record.reserve(bytes.size() + 16);
  append_little_endian(record, std::uint64_t{bytes.size()});
  append_little_endian(record, masked_crc(record));
  record += bytes;
  append_little_endian(record, masked_crc(bytes));
  return record;
}

std::string version_record(double wall_time) {
  ProtoMessage event;
  event.add_float64(kEventWallTime, wall_time)
      .add_bytes(kEventFileVersion, kFileVersion)
      .add_message(kEventSourceMetadata, ProtoMessage().add_bytes(kSourceWriter, kWriter));
  return framed_record(event.bytes());
}

std::string session_start_record(double wall_time, std::int64_t step) {
  ProtoMessage event = event_of(wall_time, step);
  event.add_message(kEventSessionLog, ProtoMessage().add_integer(kSessionStatus, kSessionStart));
  return framed_record(event.bytes());
}

void EventSummary::add_scalar(std::string_view tag, double value, std::string_view about) {
  ProtoMessage message;
  message.add_bytes(kValueTag, tag);
  message.add_float32(kValueSimple, float32_of(value));
  if (!about.empty()) {
    message.add_message(kValueMetadata, metadata_of("scalars", about, kDataClassScalar));
  }
  summary_.add_message(kSummaryValue, message);
}

void EventSummary::add_text(std::string_view tag, std::string_view markdown) {
  ProtoMessage tensor;
  tensor.add_integer(kTensorDType, kDTypeString)
      .add_message(kTensorShape, {})
      .add_bytes(kTensorStrings, markdown);
  summary_.add_message(kSummaryValue,
                       tensor_value(tag, metadata_of("text", {}, kDataClassTensor), tensor));
}

void EventSummary::add_histogram(std::string_view tag, const ExponentHistogram& histogram,
                                 std::string_view about) {
  const auto holds = [](std::int64_t count) { return count > 0; };
  const auto& bins = histogram.bins;
  const auto first = std::ranges::find_if(bins, holds);
  if (first == bins.end()) return;
  const auto behind = std::find_if(bins.rbegin(), bins.rend(), holds).base();
  const ProtoMessage tensor = bins_tensor(histogram, static_cast<int>(first - bins.begin()),
                                          static_cast<int>(behind - bins.begin()) - 1);
  summary_.add_message(
      kSummaryValue, tensor_value(tag, metadata_of("histograms", about, kDataClassTensor), tensor));
}

std::string EventSummary::record(double wall_time, std::int64_t step) const {
  ProtoMessage event = event_of(wall_time, step);
  event.add_message(kEventSummary, summary_);
  return framed_record(event.bytes());
}

}  // namespace gradvitals
