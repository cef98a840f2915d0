#include "app/monitor_gradient_health.h"

#include <vector>

#include "framework/losses.h"
#include "framework/tape.h"
#include "monitor/gradient_monitor.h"

namespace gradvitals::app {
namespace {

HealthMetrics examine_step(Tape& tape, const Tensor& loss,
                           const std::vector<Parameter*>& parameters,
                           const std::vector<TensorView>& weights) {
  tape.gradient(loss, parameters);
  std::vector<TensorView> views = tape.views();
  views.insert(views.end(), weights.begin(), weights.end());
  return GradientMonitor(tape.stream()).inspect(views);
}

}  // namespace

HealthMetrics monitor_gradient_health(Stream& stream, const Sequential& model, const Tensor& x,
                                      const Tensor& y) {
  Tape tape(stream);
  const Tensor loss = mse(tape, model.forward(tape, x), y);
  return examine_step(tape, loss, model.trainable_variables(), model.views());
}

HealthMetrics monitor_gradient_health(Stream& stream, FileModel& model, const Tensor& x,
                                      const Tensor& y) {
  Tape tape(stream);
  const Tensor loss = model.loss(tape, model.forward(tape, x), y);
  return examine_step(tape, loss, model.trainable_variables(), model.views());
}

}  // namespace gradvitals::app
