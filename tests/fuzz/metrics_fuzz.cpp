#include <cmath>

#include "monitor/metrics/metrics_json.h"
#include "tests/fuzz/fuzz_targets.h"

namespace gradvitals::test {

void fuzz_metrics(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  read_or_refuse("fuzz: ", [&] {
    const HealthMetrics metrics = parse_metrics(text, "fuzz");
    require(metrics.vanished_layers >= 0 && metrics.weak_layers >= 0 && metrics.total_layers >= 0,
            "a negative count");
    require(std::isnan(metrics.min_gradient) || metrics.min_gradient >= 0, "a negative norm");
    require(std::ssize(metrics.gradient_norms) <= std::ssize(text), "more norms than bytes");
  });
}

}  // namespace gradvitals::test
