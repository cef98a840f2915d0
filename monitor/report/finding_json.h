// Pieces of the JSON documents that several of them share. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "monitor/metrics/thresholds.h"
#include "monitor/metrics/vital_signs.h"
#include "monitor/report/json_writer.h"
#include "monitor/rules/diagnosis.h"

namespace gradvitals {

/// null for what JSON cannot write, and for what is not there.
Json json_number(double value);
Json json_number(const std::optional<double>& value);
Json json_count(const std::optional<std::int64_t>& value);
/// Layers and indices are counted from 0; below stands for "none".
Json json_index(std::int64_t index);

/// Of several networks, the one that something is about: no key where there is one.
void add_network_key(Json& json, std::string_view network);

Json finding_json(const Finding& finding);
Json vital_signs_json(const VitalSigns& signs);
/// Those that are not the default, as --thresholds reads them; nothing where all are.
void write_thresholds(JsonWriter& out, const Thresholds& thresholds);

}  // namespace gradvitals
