// Files that gradvitals writes itself, given where another kind is read.
#pragma once

#include <string>
#include <string_view>

#include "framework/io/input_file.h"

namespace gradvitals::app {

/// What to say of a checkpoint where gradients or a model are read.
inline constexpr std::string_view kCheckpointText =
    "is the checkpoint of a training, with weights and no gradients: gradvitals train --resume "
    "goes "
    "on from it, gradvitals diagnose judges the --history of its run, and gradvitals prescribe "
    "--model tries remedies on a network like it";

/// What to say of a checkpoint, a history or an incident, and what takes it: "is the history of a run: ...".
/// Empty for every other file, and for one that cannot be looked at without being used up.
std::string own_file_text(const std::string& path);

/// Throws InputError naming the path and saying own_file_text(), where that is not empty.
void refuse_own_file(const std::string& path);

/// The steps of an incident, for its folder or the file that describes it; else the path as it is.
std::string steps_of_incident(const std::string& path);

}  // namespace gradvitals::app
