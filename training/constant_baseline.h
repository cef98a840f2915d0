// Whether a network has learnt more than a constant.
#pragma once

#include "framework/sequential.h"
#include "kernels/ops/loss.h"
#include "kernels/runtime/stream.h"
#include "monitor/report/trajectory_report.h"
#include "training/training_data.h"

namespace gradvitals {

/// Whether the targets differ from row to row: else there is nothing to learn.
bool has_varied_targets(const Samples& samples);

/// What a loss has to reach to be clearly better than this one: a tenth less.
double clearly_below(double loss);

/// The loss of the model on samples that it was trained on, 2,000 of them at most, drawn at random,
/// beside that of the best constant prediction of all. More than a constant is what is
/// clearly_below() it. Throws as evaluate() does.
ConstantBaseline compare_with_constant(Stream& stream, const Sequential& model, LossKind loss,
                                       const Samples& training);

}  // namespace gradvitals
