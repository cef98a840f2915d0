// Elements of a safetensors file as float32. Internal.
#pragma once

#include <string>
#include <vector>

#include "framework/io/safetensors.h"

namespace gradvitals {

/// The elements of an entry of a SafetensorsFile, which aligns them. float64 is rounded; throws
/// InputError naming `path` and the tensor where a finite value leaves float32's range.
std::vector<float> float_values(const SafetensorsEntry& entry, const std::string& path);

/// "[10,64]", for messages.
std::string shape_text(const SafetensorsEntry& entry);

}  // namespace gradvitals
