// JSON objects that hold norms. Internal.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "monitor/metrics/health_metrics.h"
#include "monitor/recorded/recorded_history.h"

namespace gradvitals {

/// Where an object stands, for messages.
struct RecordPlace {
  const std::string& path;
  std::string_view unit;    ///< "line" or "entry".
  std::int64_t number = 0;  ///< From 1; 0 for the file as a whole.

  /// Throws InputError("<path>: <unit> <number>: <what>").
  [[noreturn]] void refuse(const std::string& what) const;
};

/// Whether the object has a key of the notebook's.
bool has_notebook_keys(const nlohmann::json& object);

/// An object with the notebook's keys. Throws InputError naming the place and the key that is negative
/// or of another kind, and for aggregates without gradient_norms.
HealthMetrics read_notebook_object(const nlohmann::json& object, const RecordPlace& place);

/// One network of gradvitals' own JSON: its metrics, its loss, and the names of its gradients.
HealthMetrics read_own_network(const nlohmann::json& network, const RecordPlace& place);

/// Adds an object as one record: with the notebook's keys, or names with norms, at any depth. Throws
/// InputError as read_notebook_object(), and where "step" is no whole number.
void add_record(const nlohmann::json& object, const RecordPlace& place, TrainingLog& log);

}  // namespace gradvitals
