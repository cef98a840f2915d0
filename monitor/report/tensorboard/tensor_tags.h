// TensorTags: names of tensors as TensorBoard's tags. Internal.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace gradvitals {

/// UTF-8 of letters, digits, '_', '-', '.', '/' and what is beyond ASCII, 120 code points at most.
/// Brackets and quotes, as JAX's paths have them, become '/', at which TensorBoard groups; all else
/// becomes '_'. Of an empty name: "unnamed".
std::string safe_tag(std::string_view name);

/// Different names have different tags, and a name that of its first use.
class TensorTags {
 public:
  const std::string& tag_of(std::string_view name);

 private:
  std::map<std::string, std::string, std::less<>> tags_;  ///< By name.
  std::set<std::string> taken_;
};

}  // namespace gradvitals
