# GRADVITALS_CUDA=AUTO|ON|OFF decides whether the files of kernels/cuda are built. Sets GRADVITALS_HAS_CUDA.
# Included from the root, so that the CUDA language is enabled for every folder.
set(GRADVITALS_CUDA AUTO CACHE STRING "Build the CUDA side: AUTO (where nvcc is found), ON or OFF")
set_property(CACHE GRADVITALS_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT GRADVITALS_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "GRADVITALS_CUDA is '${GRADVITALS_CUDA}': it must be AUTO, ON or OFF")
endif()

set(GRADVITALS_HAS_CUDA OFF)
if(GRADVITALS_CUDA STREQUAL "OFF")
  return()
endif()

# Real code for A100 and H100; the last entry has PTX too, for every later GPU. It is set before the
# language is enabled: an unset list silently means sm_75, and `native` fails without a GPU.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100 CACHE STRING "GPU architectures")
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  if(GRADVITALS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "GRADVITALS_CUDA is ON and no CUDA compiler was found: put nvcc in PATH, set CUDACXX "
                        "or CMAKE_CUDA_COMPILER, or build with GRADVITALS_CUDA=OFF")
  endif()
  message(STATUS "CUDA: no nvcc found, built without it (GRADVITALS_CUDA=AUTO)")
  return()
endif()

enable_language(CUDA)
# CMake 3.25.1 does not know that nvcc 13 has C++20 and leaves these empty.
foreach(_option CMAKE_CUDA20_STANDARD_COMPILE_OPTION CMAKE_CUDA20_EXTENSION_COMPILE_OPTION)
  if(NOT ${_option})
    set(${_option} -std=c++20)
  endif()
endforeach()
unset(_option)
set(GRADVITALS_HAS_CUDA ON)
message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION}")
