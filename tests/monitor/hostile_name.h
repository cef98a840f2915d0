// A name that no writer may take for anything but a name.
#pragma once

#include <string>

namespace gradvitals::test {

/// Quotes, markup, a formula, line ends, a control character, bytes that are no UTF-8, an emoji, Hebrew, a
/// direction mark, a mention, a command of GitHub's runner, and what ends other texts.
inline const std::string& hostile_name() {
  static const std::string name =
      "=1+1\"'<script>&]]>|`@team`\n::error::x\r\n```"
      "\\\x01\xff\xf0\x9f\x98\x80\xd7\xa9\xe2\x80\xae,;#1 "
      "http://evil %0A";
  return name;
}

}  // namespace gradvitals::test
