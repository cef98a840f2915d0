// The constant parts of a page, which write_embedded_files.cmake makes of the files beside it. Internal.
#pragma once

#include <string_view>

namespace gradvitals {

struct EmbeddedFiles {
  std::string_view page;  ///< "{{title}}" and the like stand for what differs.
  std::string_view style;
  std::string_view script;
  /// Chart.js with its licence; empty where there was none to embed.
  std::string_view chart_library;
  // SHA-256 in base64, as a content security policy names them.
  std::string_view style_hash;
  std::string_view script_hash;
  std::string_view chart_library_hash;
};

const EmbeddedFiles& embedded_files();

}  // namespace gradvitals
