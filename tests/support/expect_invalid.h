// Misuse must be refused with a message that names the op and what does not fit.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gradvitals::test {

/// Fails the running test, at the caller's line, unless `call` throws std::invalid_argument with
/// every word of `words` in its message.
template <class Call>
void expect_invalid(Call&& call, std::initializer_list<std::string_view> words,
                    std::source_location caller = std::source_location::current()) {
  const auto fail = [&](const std::string& text) {
    ADD_FAILURE_AT(caller.file_name(), static_cast<int>(caller.line())) << text;
  };
  try {
    call();
  } catch (const std::invalid_argument& error) {
    const std::string message = error.what();
    for (const std::string_view word : words) {
      if (message.find(word) == std::string::npos) {
        fail("'" + std::string(word) + "' is missing in: " + message);
      }
    }
    return;
  }
  fail("nothing was thrown");
}

}  // namespace gradvitals::test
