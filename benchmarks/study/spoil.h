// What faults during training are made of.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "benchmarks/study/training_faults.h"

namespace gradvitals::study {

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

/// Place of the kernel that faults of one layer are put into: a hidden layer in the middle. Its bias
/// is behind it.
std::size_t kernel_of(const SpoiledStep& step);

using EditWeights = std::function<void(std::vector<float>&)>;

EditWeights scaled_by(float factor);
void edit(SpoiledStep& step, std::size_t parameter, const EditWeights& change);
void scale(std::vector<float>& values, float factor);
/// rate to the power of since + 1: grown from the first step on.
double grown(double rate, int since);

/// Every sample gets another's target.
void shuffle_targets(SpoiledStep& step);
/// All units of the layer weigh inputs and are weighed as its first: nothing tells them apart.
void equal_units(SpoiledStep& step);

void scale_gradients(SpoiledStep& step, float factor);
/// Each step's gradients are added to the sum of those since the fault began.
void accumulate_gradients(SpoiledStep& step);
/// Of one layer.
void zero_gradients(SpoiledStep& step);
void drop_gradients(SpoiledStep& step);
/// Adds noise of 30 times the norm of each gradient.
void add_noise(SpoiledStep& step);

}  // namespace gradvitals::study
