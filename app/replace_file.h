// replace_file: new content for a file, whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace gradvitals::app {

/// Where content lies until it is whole.
enum class Draft : std::uint8_t {
  kNameless,  ///< In a file without a name, which ends with the process however that ends.
  kNamed,     ///< Beside the target, for a file system that has no nameless files.
};

/// Gives `target` new content: whoever opens it sees what was there or all of the new, also after
/// a crash of the machine. Whatever fails leaves what was there. `mode` is that of the file to be
/// replaced; a new file gets what the umask leaves. Interrupted (SIGHUP, SIGINT, SIGQUIT, SIGTERM,
/// limits of time and size), it removes what has a name by then, and the signal takes its course; a
/// nameless draft has one for the length of a rename, and a new file none at all.
/// Sets handlers of these signals for the length of the call, so one call at a time. Throws
/// std::system_error.
void replace_file(const std::filesystem::path& target, std::optional<mode_t> mode,
                  std::string_view content, Draft draft = Draft::kNameless);

}  // namespace gradvitals::app
