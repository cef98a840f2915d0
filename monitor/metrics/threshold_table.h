// The limits of the rules as a table: how files, reports and documents name them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "monitor/metrics/thresholds.h"

namespace gradvitals {

/// Which severity a limit stands for; a single value that stands for both is one for each of two kinds
/// of layer. What informs, or moves another limit, counts as a warning.
enum class ThresholdLevel : std::uint8_t { kWarning, kCritical, kBoth };

/// One field of Thresholds.
struct ThresholdField {
  std::string_view rule;  ///< "R2"; "Run" and the like for what is no single rule's.
  std::string_view name;  ///< Of the field.
  std::variant<Limits Thresholds::*, double Thresholds::*, std::int64_t Thresholds::*> member;
  ThresholdLevel level = ThresholdLevel::kBoth;
};

/// Every field of Thresholds, in the order of the document. A build fails where one is missing.
std::span<const ThresholdField> threshold_table();

/// The value of a field as a pair: one that has a single level has it twice.
Limits limits_of(const Thresholds& thresholds, const ThresholdField& field);

/// Reads a JSON object {name: number, name: {"warning": number, "critical": number}}: a pair, or one
/// of it, for a limit with two levels, a number for any other. What is not named keeps its default.
/// Numbers are finite and not below 0; where the field is whole, they are whole and at most a
/// million. `path` is for messages. Throws InputError naming the path and the limit, for a name that
/// no limit has (with the one that was probably meant), a value of the wrong kind, a warning that
/// lies beyond its critical limit, a "..._low" that is not below its "..._high", and a window that
/// holds fewer values than it needs.
Thresholds parse_thresholds(std::string_view json, const std::string& path);

/// The fields whose value is not the default.
std::vector<const ThresholdField*> changed_fields(const Thresholds& thresholds);

}  // namespace gradvitals
