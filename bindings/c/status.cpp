#include "bindings/c/status.h"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "kernels/runtime/error.h"

namespace gradvitals::c {
namespace {

thread_local std::string last_error;

}  // namespace

gradvitals_status fail(gradvitals_status status, std::string_view message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();  // No memory for it: the status stands.
  }
  return status;
}

gradvitals_status failure_of_current_exception() noexcept {
  try {
    throw;
  } catch (const InputError& error) {
    return fail(GRADVITALS_FILE_ERROR, error.what());
  } catch (const OutOfMemoryError& error) {
    return fail(GRADVITALS_OUT_OF_MEMORY, error.what());
  } catch (const DeviceError& error) {
    return fail(GRADVITALS_DEVICE_ERROR, error.what());
  } catch (const std::invalid_argument& error) {
    return fail(GRADVITALS_INVALID_ARGUMENT, error.what());
  } catch (const std::length_error&) {  // More elements than a container can have.
    return fail(GRADVITALS_OUT_OF_MEMORY, "out of memory");
  } catch (const std::logic_error& error) {
    return fail(GRADVITALS_WRONG_ORDER, error.what());
  } catch (const std::bad_alloc&) {
    return fail(GRADVITALS_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(GRADVITALS_INTERNAL_ERROR, error.what());
  } catch (...) {
    return fail(GRADVITALS_INTERNAL_ERROR, "an exception that is none of the standard library's");
  }
}

}  // namespace gradvitals::c

extern "C" {

int32_t gradvitals_abi_version(void) {
  return GRADVITALS_ABI_VERSION;
}

const char* gradvitals_version(void) {
  return GRADVITALS_VERSION;
}

const char* gradvitals_last_error(void) {
  return gradvitals::c::last_error.c_str();
}
}
