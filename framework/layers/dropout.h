// Dropout: sets elements to 0 at random in training, so that units do not co-adapt.
//
// Forward:  y = x * (kept ? 1 / (1 - rate) : 0), each element dropped with probability `rate`;
//           y = x on a tape that does not train (Tape::Options::training)
//           x and y of any shape
// Backward: dx = dy * (kept ? 1 / (1 - rate) : 0), of the same elements
// Saved:    the 16-byte key from which the mask is recomputed.
// Init:     none. Masks follow from the seed, the layer's name and how often it has run, and are the
//           same on every device. The count lies on the device: a captured graph (StepGraph) makes
//           another mask in every replay. A new model starts it at 0; one that resumes a training sets it
//           (Sequential::set_layer_counts()).
//
// No layer to the monitor: it has no kernel and no activation.
#pragma once

#include <optional>
#include <vector>

#include "framework/layers/layer.h"
#include "framework/ops.h"

namespace gradvitals {

class Dropout final : public Layer {
 public:
  /// Throws std::invalid_argument for a rate outside of [0, 1).
  explicit Dropout(double rate);

  std::string_view kind() const override { return "dropout"; }
  /// The same shape. Takes any.
  Shape output_shape(const Shape& input) const override { return input; }
  Activation activation() const override { return Activation::kNone; }
  std::string settings() const override;
  Tensor forward(Tape& tape, const Tensor& x) const override;
  std::vector<Parameter*> parameters() override { return {}; }
  /// "dropout/counter", the masks made.
  std::vector<LayerCounter> counters() const override;
  int depth() const override { return 0; }

 protected:
  void make_parameters(const LayerContext& context) override;

 private:
  double rate_;
  std::optional<DropoutMasks> masks_;
};

}  // namespace gradvitals
