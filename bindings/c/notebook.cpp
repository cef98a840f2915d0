// The teaching notebook's interpreter.
#include <string>

#include "bindings/c/status.h"
#include "bindings/c/translate.h"
#include "monitor/rules/notebook_interpreter.h"

namespace {

constexpr std::size_t kNotebookMetricsSize = 64;
static_assert(sizeof(gradvitals_notebook_metrics) == kNotebookMetricsSize);

thread_local std::string notebook_text;

}  // namespace

extern "C" gradvitals_status gradvitals_interpret_gradient_health(
    const gradvitals_notebook_metrics* metrics, const char** text) {
  return gradvitals::c::guarded([&] {
    const gradvitals_notebook_metrics known =
        gradvitals::c::known_part(gradvitals::c::require(metrics, "metrics"), kNotebookMetricsSize,
                                  "gradvitals_notebook_metrics");
    const char*& out = gradvitals::c::require(text, "text");
    gradvitals::HealthMetrics health;
    health.min_gradient = known.min_gradient;
    health.max_gradient = known.max_gradient;
    health.mean_gradient = known.mean_gradient;
    health.std_gradient = known.std_gradient;
    health.vanished_layers = known.vanished_layers;
    health.weak_layers = known.weak_layers;
    health.total_layers = known.total_layers;
    notebook_text = gradvitals::interpret_gradient_health(health);
    out = notebook_text.c_str();
  });
}
