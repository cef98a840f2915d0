#include "app/monitor_gradient_health.h"

#include <vector>

#include "framework/losses.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"

namespace gradvitals::app {

HealthMetrics monitor_gradient_health(Stream& stream, const Sequential& model, const Tensor& x,
                                      const Tensor& y, LossKind kind) {
  Tape tape(stream);
  const Tensor error = loss(tape, kind, model.forward(tape, x), y);
  tape.gradient(error, model.trainable_variables());
  std::vector<TensorView> views = tape.views();
  const std::vector<TensorView> weights = model.views();
  views.insert(views.end(), weights.begin(), weights.end());
  return GradientMonitor(stream).inspect(views);
}

}  // namespace gradvitals::app
