// A shared library that a program can start without: looked for when it is first needed. Free of
// CUDA headers.
#pragma once

#include <span>
#include <string>

namespace gradvitals::cuda {

/// Stays loaded for as long as the program runs: a GPU library leaves threads and device state of
/// its own behind, which unloading would pull the code from under.
class SharedLibrary {
 public:
  /// Loads the first of `names` that the dynamic linker finds. Throws DeviceError with its words on
  /// each of them where it finds none.
  SharedLibrary(std::string title, std::span<const char* const> names);

  /// Sets `function` to the library's function of that name. Throws DeviceError where it has none.
  template <class Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(address_of(name));
  }

 private:
  void* address_of(const char* name) const;

  std::string title_;  ///< What errors call it.
  std::string name_;   ///< The one that was found.
  void* handle_ = nullptr;
};

}  // namespace gradvitals::cuda
