#include "app/train_signals.h"

#include <algorithm>
#include <string>

namespace gradvitals::app {

void SignalSums::Mean::add(const std::optional<double>& value) {
  if (!value) return;
  sum += *value;
  ++count;
}

std::optional<double> SignalSums::Mean::value() const {
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

void SignalSums::add(const GradientSignals& signals) {
  last_ = signals;
  cosine_.add(signals.cosine);
  tensors_.resize(signals.tensor_cosines.size());
  for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].add(signals.tensor_cosines[i]);
}

std::optional<CosineReport> SignalSums::cosine(const Trainer& trainer) const {
  if (!trainer.options().signals.cosine) return std::nullopt;
  CosineReport report{
      .last = last_.cosine, .mean = cosine_.value(), .steps = cosine_.count, .tensors = {}};
  const std::vector<Parameter*> parameters = trainer.model().trainable_variables();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    report.tensors.push_back({std::string(parameters[i]->name), tensors_[i].value()});
  }
  return report;
}

std::optional<NoiseReport> SignalSums::noise(const Trainer& trainer) const {
  if (!trainer.options().signals.noise) return std::nullopt;
  const std::int64_t batch = std::min(trainer.options().batch, trainer.data().training.rows);
  return NoiseReport{.scale = last_.noise_scale, .batch = batch};
}

}  // namespace gradvitals::app
