// SignalSums: what `gradvitals train --signals` tells of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "monitor/metrics/gradient_signals.h"
#include "monitor/report/training.h"
#include "training/trainer.h"

namespace gradvitals::app {

/// Adds up the signals of steps.
class SignalSums {
 public:
  void add(const GradientSignals& signals);

  /// None where the trainer does not measure it.
  std::optional<CosineReport> cosine(const Trainer& trainer) const;
  std::optional<NoiseReport> noise(const Trainer& trainer) const;

 private:
  struct Mean {
    double sum = 0.0;
    std::int64_t count = 0;

    void add(const std::optional<double>& value);
    std::optional<double> value() const;
  };

  GradientSignals last_;
  Mean cosine_;
  std::vector<Mean> tensors_;
};

}  // namespace gradvitals::app
