# What every target of the project has in common, as functions on one target.
include_guard(GLOBAL)

# Warnings, language level and floating-point rules of a target that the project itself compiles.
function(gradvitals_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CUDA_EXTENSIONS OFF
                                             POSITION_INDEPENDENT_CODE ON)
  target_compile_options(
    ${target}
    PRIVATE
      $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wno-sign-conversion;-Wnon-virtual-dtor;-Wold-style-cast;-Wcast-qual;-Wundef>
      # g++ 12 warns about impossible overlaps inside std::string (GCC bug 105329).
      $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
      # The same bits on every CPU: the compiler fuses no multiply and add that the source does not.
      $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-ffp-contract=off>
      $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>
      # So does nvcc: the same bits on cuda, sim and cpu.
      $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false>)
  if(GRADVITALS_WERROR)
    target_compile_options(
      ${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Werror>
                        # A register spill in a kernel is an error as well.
                        $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xptxas=-warn-spills;-Xptxas=-warn-lmem-usage>)
  endif()
endfunction()

# gradvitals_add_library(NAME): the library gradvitals_NAME with its alias gradvitals::NAME. Sources
# and headers come by target_sources; headers are installed from FILE_SET HEADERS.
function(gradvitals_add_library name)
  add_library(gradvitals_${name})
  add_library(gradvitals::${name} ALIAS gradvitals_${name})
  set_target_properties(gradvitals_${name} PROPERTIES EXPORT_NAME ${name}
                                                           VERIFY_INTERFACE_HEADER_SETS ON)
  gradvitals_configure_target(gradvitals_${name})
  # So that a linker can leave out what a library of ours does not call: a sixth of libgradvitals.
  target_compile_options(gradvitals_${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-ffunction-sections;-fdata-sections>)
endfunction()

# gradvitals_add_kernel_library(NAME): the same for a library of kernels, which register themselves
# (kernels/runtime/kernel_table.h): nothing names their files, so whoever links gradvitals::NAME links the
# archive gradvitals_NAME_archive whole. Sources go to the archive.
function(gradvitals_add_kernel_library name)
  gradvitals_add_library(${name}_archive)
  # Kernel files of one shape have local names alike, and those of Highway read themselves again.
  set_target_properties(gradvitals_${name}_archive PROPERTIES UNITY_BUILD OFF)
  # A CPU that has SSSE3 and no SSE4 is of 2006: it runs the code of the baseline.
  target_compile_definitions(gradvitals_${name}_archive PRIVATE HWY_DISABLED_TARGETS=HWY_SSSE3)
  add_library(gradvitals_${name} INTERFACE)
  add_library(gradvitals::${name} ALIAS gradvitals_${name})
  set_target_properties(gradvitals_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(gradvitals_${name} INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,gradvitals::${name}_archive>")
endfunction()

# gradvitals_add_program(NAME SOURCES ... LIBRARIES ...): a program in <build>/bin.
function(gradvitals_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  gradvitals_configure_target(${name})
endfunction()

# gradvitals_compile_lightly(TARGET): for size, without the optimisations that cost most of a first build's
# time: for code whose time goes into calls and memory, and not into loops.
function(gradvitals_compile_lightly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Os>)
endfunction()
