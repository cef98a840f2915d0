// Files made for one test, and what a reader says about them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "kernels/runtime/error.h"

namespace gradvitals::test {

/// A file with the given bytes, removed at the end of its life.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes, std::string_view ending = "") {
    std::string name = ::testing::TempDir() + "gradvitals_XXXXXX" + std::string(ending);
    const int file = ::mkstemps(name.data(), static_cast<int>(ending.size()));
    if (file < 0) throw std::runtime_error("cannot make " + name);
    ::close(file);
    path_ = name;
    std::ofstream(path_, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The bytes of `value` as they lie in memory.
template <class T>
std::string raw(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// A safetensors file: length, JSON, data.
inline std::string safetensors_bytes(std::string_view json, std::string_view data = "") {
  return raw(std::uint64_t{json.size()}) + std::string(json) + std::string(data);
}

/// The message of the InputError that `read` ends with; it must be one line. Empty, and a failure
/// of the running test, where `read` takes the input.
template <class Read>
std::string refusal(Read&& read) {
  try {
    read();
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(std::ranges::count(message, '\n'), 0) << message;
    EXPECT_LE(message.size(), 400U + ::testing::TempDir().size()) << message;
    return message;
  }
  ADD_FAILURE() << "the input was taken";
  return "";
}

/// Where recorded inputs lie.
inline std::string test_data(std::string_view name) {
  return std::string(GRADVITALS_TEST_DATA "/") + std::string(name);
}

}  // namespace gradvitals::test
