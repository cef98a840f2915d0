// Contract: kernels/ops/cuda/shared_library.h. Oracle: the C library, which every program has loaded.
#include "kernels/ops/cuda/shared_library.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/runtime/error.h"

namespace gradvitals::test {
namespace {

using cuda::SharedLibrary;

constexpr const char* kAbsent[] = {"libgradvitals-absent.so.1", "libgradvitals-absent.so"};
constexpr const char* kSecondIsThere[] = {"libgradvitals-absent.so.1", "libc.so.6"};

/// What `call` says when it throws DeviceError.
template <class Call>
std::string device_error_of(Call call) {
  try {
    call();
  } catch (const DeviceError& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(SharedLibrary, TakesTheFirstNameThatIsThere) {
  const SharedLibrary library("the C library", kSecondIsThere);
  int (*to_integer)(const char*) = nullptr;
  library.find("atoi", to_integer);
  ASSERT_NE(to_integer, nullptr);
  EXPECT_EQ(to_integer("42"), 42);
}

TEST(SharedLibrary, NamesAllThatWasLookedForAndWhatTheLinkerSaid) {
  EXPECT_EQ(device_error_of([] { const SharedLibrary library("Absent", kAbsent); }),
            "Absent cannot be used: libgradvitals-absent.so.1: cannot open shared object file: No "
            "such file or directory; libgradvitals-absent.so: cannot open shared object file: No "
            "such file or directory");
}

TEST(SharedLibrary, NamesTheFunctionThatItLacks) {
  const SharedLibrary library("the C library", kSecondIsThere);
  EXPECT_EQ(device_error_of([&] {
              void (*function)() = nullptr;
              library.find("gradvitals_absent", function);
            }),
            "the C library cannot be used: libc.so.6 has no function gradvitals_absent");
}

}  // namespace
}  // namespace gradvitals::test
