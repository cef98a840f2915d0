// The model of a model file, ready to run.
#pragma once

#include "framework/io/model_file.h"
#include "framework/sequential.h"
#include "kernels/runtime/stream.h"

namespace gradvitals {

/// A model called "Model" of the file's layers. Its parameters have the names that they have in the
/// file. The kernel of a `layers.{i}.weight` is held as (in,out), and so is its gradient. Throws
/// std::invalid_argument for a file without layers.
Sequential make_model(Stream& stream, const ModelFile& file);

}  // namespace gradvitals
