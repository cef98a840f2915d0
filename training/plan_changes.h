// What a remedy changed in a training, in words.
#pragma once

#include <string>
#include <vector>

#include "training/training_plan.h"

namespace gradvitals {

/// What to do to get from one training to the other, beside what the texts of network, loss and
/// learning rate say: initial values, scaling, clipping, warm-up, how outputs are read. A phrase
/// each, with its numbers.
std::vector<std::string> changes_in_words(const TrainingPlan& original,
                                          const TrainingPlan& changed);

}  // namespace gradvitals
