// `gradvitals info`: what this program can do on this machine.
#pragma once

#include <string>

namespace gradvitals::app {

/// Version, devices (with the reason where one cannot be used), libraries and tools, as text.
std::string info_text();

}  // namespace gradvitals::app
