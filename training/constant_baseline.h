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

/// The loss of the model on samples that it was trained on, 2,000 of them at most, spread over all, beside
/// the loss of the best constant prediction of the same. More than a constant: a loss that is kClearMargin
/// below (prescription.h). Throws as evaluate() does.
ConstantBaseline compare_with_constant(Stream& stream, const Sequential& model, LossKind loss,
                                       const Samples& training);

}  // namespace gradvitals
