#include "kernels/stats/name.h"

#include <ostream>
#include <utility>

namespace gradvitals {

Name::Name(std::string text)
    : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}

const std::string& Name::text() const noexcept {
  static const std::string empty;
  return text_ ? *text_ : empty;
}

std::ostream& operator<<(std::ostream& out, const Name& name) {
  return out << name.text();
}

}  // namespace gradvitals
