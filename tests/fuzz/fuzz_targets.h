// What the fuzzers run, and the tests after them: each reads arbitrary bytes as one format.
// Refusing them with a proper InputError is right, and so is taking them if what was read is
// consistent; anything else throws.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kernels/runtime/error.h"

namespace gradvitals::test {

void fuzz_safetensors(std::span<const std::byte> input);
void fuzz_csv(std::span<const std::byte> input);
void fuzz_idx(std::span<const std::byte> input);
void fuzz_metrics(std::span<const std::byte> input);
void fuzz_table(std::span<const std::byte> input);
void fuzz_history(std::span<const std::byte> input);
void fuzz_npy(std::span<const std::byte> input);
void fuzz_shard_index(std::span<const std::byte> input);

/// Throws std::logic_error, which a fuzzer reports as a crash, where `holds` is false.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// Reads every byte: a sanitizer then sees those that are not there.
inline void touch(std::span<const std::byte> bytes) {
  std::byte all{};
  for (const std::byte byte : bytes) all ^= byte;
  [[maybe_unused]] const volatile std::byte kept = all;
}

/// Runs `read`; an InputError must name the file, in one line of reasonable length.
template <class Read>
void read_or_refuse(std::string_view file, Read&& read) {
  try {
    read();
  } catch (const InputError& error) {
    const std::string_view message = error.what();
    require(message.starts_with(file), "the message does not name the file");
    require(message.find('\n') == std::string_view::npos, "the message has two lines");
    require(message.size() < 4096, "the message is endless");
  }
}

}  // namespace gradvitals::test
