// `gradvitals train --replay`: makes the step of an incident again.
#pragma once

#include <string>

#include "app/exit_code.h"

namespace gradvitals::app {

/// Trains that one step, as the command that the incident names would, and tells what it shows. Nothing
/// but standard output is written: the outputs that the command names are left alone. Throws InputError
/// for an incident, a checkpoint or data that cannot be read or are not those of before.
ExitCode replay_incident(const std::string& path);

}  // namespace gradvitals::app
