// The dense layers of a model file, told by the names of its tensors. Internal.
#pragma once

#include <string_view>
#include <vector>

#include "framework/io/safetensors.h"

namespace gradvitals {

/// What to do about a tensor of any other layer, as a message ends.
inline constexpr std::string_view kDenseLayersAlone =
    "a model file holds dense layers alone: of another network, save the gradients and run "
    "`gradvitals diagnose` on them";

/// The tensors of one layer, which point into the file: either a kernel (in,out) or a weight
/// (out,in), and null for what it lacks.
struct LayerTensors {
  const SafetensorsEntry* kernel = nullptr;
  const SafetensorsEntry* weight = nullptr;
  const SafetensorsEntry* bias = nullptr;
};

/// Tensors named `{prefix}{i}.kernel`, `{prefix}{i}.weight` and `{prefix}{i}.bias`, with one prefix
/// ("layers.", "net.", "fc", none) for the whole file, in the order of their numbers. Numbers count
/// from 0, unless every layer has a weight: a state_dict of PyTorch's nn.Sequential numbers its
/// activations, too, so that numbers are left out. Throws InputError naming the file and the tensor
/// that is missing, too much, or of a type that is not read.
std::vector<LayerTensors> dense_layers_of(const SafetensorsFile& file);

/// Throws InputError: file, tensor, and what is wrong with it.
[[noreturn]] void refuse_tensor(const SafetensorsFile& file, std::string_view tensor,
                                std::string_view what);

}  // namespace gradvitals
