# GRADVITALS_CUDA=AUTO|ON|OFF decides whether the kernels (kernels/*/cuda) are built for a GPU as well. Sets
# GRADVITALS_HAS_CUDA and, where that is off, GRADVITALS_NO_CUDA_REASON. Included from the root, so that
# the CUDA language is enabled for every folder.
set(GRADVITALS_CUDA AUTO CACHE STRING "Build for GPUs: AUTO (where nvcc and a GPU are found), ON or OFF")
set_property(CACHE GRADVITALS_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT GRADVITALS_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "GRADVITALS_CUDA is '${GRADVITALS_CUDA}': it must be AUTO, ON or OFF")
endif()

# Sets `out` to whether the driver lists a GPU on this machine that the kernels can run on: warps reduce
# in hardware from compute capability 8.0 (Ampere) on.
function(gradvitals_find_gpu out)
  find_program(GRADVITALS_NVIDIA_SMI nvidia-smi PATHS /usr/lib/wsl/lib)
  mark_as_advanced(GRADVITALS_NVIDIA_SMI)
  set(gpus "")
  if(GRADVITALS_NVIDIA_SMI)
    execute_process(COMMAND ${GRADVITALS_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader -i 0
                    OUTPUT_VARIABLE gpus ERROR_QUIET)
  endif()
  string(REGEX MATCH "^([89]|[1-9][0-9])\\.[0-9]" found "${gpus}")
  if(found)
    set(${out} TRUE PARENT_SCOPE)
  else()
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Sets `out` to why CUDA code cannot be compiled here, empty where it can; with an nvcc that serves,
# CMAKE_CUDA_COMPILER and CMAKE_CUDA_ARCHITECTURES are in the cache afterwards.
function(gradvitals_find_nvcc out has_gpu)
  if(NOT CMAKE_CUDA_COMPILER)
    unset(CMAKE_CUDA_COMPILER CACHE) # An earlier run's "not found": nvcc may be here by now.
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    set(${out} "no working nvcc was found" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE known ERROR_QUIET)
  if(NOT known MATCHES "compute_90")
    set(${out} "${CMAKE_CUDA_COMPILER} is too old: CUDA 12 is the first with C++20" PARENT_SCOPE)
    return()
  endif()
  get_filename_component(bin ${CMAKE_CUDA_COMPILER} DIRECTORY)
  find_path(GRADVITALS_CUBLAS_INCLUDE_DIR cublas_v2.h HINTS ${bin}/../include)
  mark_as_advanced(GRADVITALS_CUBLAS_INCLUDE_DIR)
  if(NOT GRADVITALS_CUBLAS_INCLUDE_DIR)
    set(${out} "the CUDA toolkit lacks cuBLAS's header, cublas_v2.h" PARENT_SCOPE)
    return()
  endif()
  # Set before the language is enabled: an unset list silently means sm_75, and `native` fails where
  # there is no GPU. The last entry has PTX too, which serves every later GPU.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    if(has_gpu)
      set(architectures native)
    elseif(known MATCHES "compute_100")
      set(architectures 80-real 90-real 100)
    else()
      set(architectures 80-real 90)
    endif()
    set(CMAKE_CUDA_ARCHITECTURES ${architectures} CACHE STRING "GPU architectures")
  endif()
  set(${out} "" PARENT_SCOPE)
endfunction()

set(GRADVITALS_HAS_CUDA OFF)
if(GRADVITALS_CUDA STREQUAL "OFF")
  set(GRADVITALS_NO_CUDA_REASON "GRADVITALS_CUDA is OFF")
  return()
endif()
gradvitals_find_gpu(_has_gpu)
if(GRADVITALS_CUDA STREQUAL "AUTO" AND NOT _has_gpu)
  # nvcc would add half as much again to the build, for kernels that nothing here can run.
  set(GRADVITALS_NO_CUDA_REASON "no GPU of compute capability 8.0 or later was found (preset cuda builds for one all the same)")
else()
  gradvitals_find_nvcc(GRADVITALS_NO_CUDA_REASON ${_has_gpu})
endif()
unset(_has_gpu)
if(GRADVITALS_NO_CUDA_REASON AND GRADVITALS_CUDA STREQUAL "ON")
  message(FATAL_ERROR "GRADVITALS_CUDA is ON, but ${GRADVITALS_NO_CUDA_REASON}. Put nvcc in PATH or set "
                      "CUDACXX to it, or build without CUDA: GRADVITALS_CUDA=OFF")
elseif(GRADVITALS_NO_CUDA_REASON)
  message(STATUS "Building without CUDA: ${GRADVITALS_NO_CUDA_REASON}")
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
message(STATUS "Building with CUDA: ${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION}, for "
               "${CMAKE_CUDA_ARCHITECTURES}")
