// A shared library that is optional at run time: loaded on first use. Free of CUDA headers.
#pragma once

#include <span>
#include <string>

namespace gradvitals::cuda {

/// Never unloaded: a GPU library leaves threads and device state behind, whose code must stay mapped.
class SharedLibrary {
 public:
  /// Loads the first of `names` that the dynamic linker finds. Throws DeviceError with the linker's
  /// message for each if it finds none.
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
