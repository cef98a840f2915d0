// The functions of remedies(). Internal.
#pragma once

#include <optional>

#include "training/remedies.h"

namespace gradvitals {

using RemedyResult = std::optional<TrainingPlan>;

// network_remedies.cpp

/// This activation in the hidden layers, initialised by He et al. 2015.
RemedyResult use_relu(const TrainingPlan& plan, const GradientSymptoms& symptoms);
RemedyResult use_gelu(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// LayerNorm (Ba, Kiros and Hinton 2016) in each hidden layer before its activation.
RemedyResult normalize_layers(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// A connection around each hidden layer that is as wide as its input (He et al. 2016).
RemedyResult connect_residually(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// New initial values: He before relu and its kin, Glorot and Bengio 2010 before others.
RemedyResult initialize_by_fans(const TrainingPlan& plan, const GradientSymptoms& symptoms);

// head_remedies.cpp

/// The same loss of a last layer without activation.
RemedyResult use_linear_head(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// A binary cross entropy from logits, where targets are probabilities that mse has to learn, or
/// where the loss takes them from a sigmoid.
RemedyResult use_logits(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// A softmax cross entropy, where the targets are one-hot rows.
RemedyResult use_softmax(const TrainingPlan& plan, const GradientSymptoms& symptoms);

// step_remedies.cpp

/// Every feature to mean 0 and variance 1.
RemedyResult standardize_inputs(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// To a norm of 1, where it was larger; steps that are not finite are skipped.
RemedyResult clip_gradients(const TrainingPlan& plan, const GradientSymptoms& symptoms);
RemedyResult lower_learning_rate(const TrainingPlan& plan, const GradientSymptoms& symptoms);
RemedyResult raise_learning_rate(const TrainingPlan& plan, const GradientSymptoms& symptoms);
/// Over the first fifth of the steps.
RemedyResult warm_up(const TrainingPlan& plan, const GradientSymptoms& symptoms);

}  // namespace gradvitals
