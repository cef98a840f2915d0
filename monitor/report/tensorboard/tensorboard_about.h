// What TensorBoard shows beside the values. Internal.
#pragma once

#include <string>
#include <string_view>

#include "monitor/report/tensorboard/tensorboard_run.h"

namespace gradvitals {

/// The page of a run: its name and settings, what each group of tags is, and what is left out.
std::string about_markdown(const TensorBoardOptions& options);

/// What a tag of "vital_signs" or "training", or all tags of another group, mean: one or two
/// sentences. Empty where the name says it.
std::string_view about_tag(std::string_view tag);

}  // namespace gradvitals
