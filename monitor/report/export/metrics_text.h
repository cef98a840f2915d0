// MetricsText: families of OpenMetrics samples, one by one. Internal.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gradvitals {

using MetricLabels = std::vector<std::pair<std::string_view, std::string>>;

/// Names begin with "gradvitals_", and every sample has the label "run". A family whose samples are all
/// unknown is left out.
class MetricsText {
 public:
  explicit MetricsText(std::string_view run);

  /// Begins a family; `unit` is the end of its name, empty for none.
  void gauge(std::string_view name, std::string_view help, std::string_view unit = {});
  void counter(std::string_view name, std::string_view help);
  void sample(const MetricLabels& labels, const std::optional<double>& value);
  void sample(const std::optional<double>& value) { sample({}, value); }

  /// A family of one sample.
  void gauge_of(std::string_view name, std::string_view help, const std::optional<double>& value,
                std::string_view unit = {});

  /// The whole text, with its end mark.
  std::string finish() &&;

 private:
  void begin(std::string_view name, std::string_view help, std::string_view type,
             std::string_view unit);

  std::string run_;     ///< As a label's value.
  std::string name_;    ///< Of the family.
  std::string suffix_;  ///< Of its samples.
  std::string head_;    ///< Its lines before the first sample, until that comes.
  std::string text_;
};

/// Of a label, abridged to 256 bytes: escaping is the text's.
std::string label_value(std::string_view text);

}  // namespace gradvitals
