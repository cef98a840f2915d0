// Records of a TensorBoard event file, as bytes. Internal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernels/stats/exponent_histogram.h"
#include "monitor/report/tensorboard/protobuf.h"

namespace gradvitals {

/// CRC-32C (Castagnoli), as of RFC 3720: 0xE3069283 of "123456789".
std::uint32_t crc32c(std::string_view bytes);

/// A record of a TFRecord file: length, its checksum, the bytes, their checksum. Checksums are
/// masked as TFRecord has them.
std::string framed_record(std::string_view bytes);

/// The first record of an event file, which says that it is one, and by whom.
std::string version_record(double wall_time);
/// A training goes on at this step: TensorBoard forgets what it had of it and of later ones.
std::string session_start_record(double wall_time, std::int64_t step);

/// What one step has to show. Tags and texts must be UTF-8. `about` is Markdown that TensorBoard
/// shows beside a tag whose first value has one; may be empty.
class EventSummary {
 public:
  /// As float32, which is what TensorBoard keeps: NaN and infinities stay, and a finite number
  /// stays finite, one that is not 0 does not become 0.
  void add_scalar(std::string_view tag, double value, std::string_view about = {});
  /// Shown as Markdown.
  void add_text(std::string_view tag, std::string_view markdown);
  /// Over log2 |x|, from the lowest to the highest bin with an element. The first and the last bin
  /// there are drawn as wide as others, though they hold all that is beyond. Adds nothing where no
  /// bin has an element.
  void add_histogram(std::string_view tag, const ExponentHistogram& histogram,
                     std::string_view about = {});

  bool empty() const { return summary_.bytes().empty(); }
  std::string record(double wall_time, std::int64_t step) const;

 private:
  ProtoMessage summary_;
};

}  // namespace gradvitals
