// The constant parts of a page, which write_embedded_files.cmake makes of the files beside it. Internal.
#pragma once

#include <string_view>

namespace gradvitals {

extern const std::string_view kHtmlTemplate;  ///< "{{title}}" and the like stand for what differs.
extern const std::string_view kHtmlStyle;
extern const std::string_view kHtmlScript;
/// Chart.js, with its licence; empty where it was not there to be embedded.
extern const std::string_view kHtmlChartLibrary;
// SHA-256 in base64, as a content security policy names them.
extern const std::string_view kHtmlStyleHash;
extern const std::string_view kHtmlScriptHash;
extern const std::string_view kHtmlChartLibraryHash;

}  // namespace gradvitals
