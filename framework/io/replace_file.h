// replace_file: new content for a file, whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace gradvitals {

class OpenFile;

/// Writes content into an open file. May be called again, for another one.
using FileContent = std::function<void(const OpenFile& file)>;

/// Where content lies until it is whole.
enum class Draft : std::uint8_t {
  kNameless,  ///< In a file without a name, which ends with the process however that ends.
  kNamed,     ///< Beside the target, for a file system that has no nameless files.
};

/// Replaces the content of `target` atomically: readers see the old content or all of the new, also
/// after a crash of the machine. A failure leaves the old content. `mode` is that of the file to be
/// replaced; a new file gets what the umask leaves. If it is interrupted (SIGHUP, SIGINT, SIGQUIT,
/// SIGTERM, limits of time and size), it removes a draft that has a name, and the signal then takes
/// effect; a nameless draft has a name only during the rename, and for a new file never. One that
/// SIGKILL left is removed by the next call with the same target: a draft that nobody holds the
/// lock of (flock) has no writer any more. Sets handlers of these signals for the length of the
/// call, so one call at a time. Throws std::system_error.
void replace_file(const std::filesystem::path& target, std::optional<mode_t> mode,
                  std::string_view content, Draft draft = Draft::kNameless);
/// The same of content that is not in memory: what it throws leaves the old content.
void replace_file(const std::filesystem::path& target, std::optional<mode_t> mode,
                  const FileContent& content, Draft draft = Draft::kNameless);

}  // namespace gradvitals
