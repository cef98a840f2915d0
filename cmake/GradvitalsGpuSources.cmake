# gradvitals_target_gpu_sources(TARGET FILES a.cu ...): each file compiled by g++, for device `sim`, and
# where nvcc is present by nvcc too, for device `cuda`. The two builds keep to namespaces of their own
# (kernels/cuda/gpu.h).
function(gradvitals_target_gpu_sources target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES")
  foreach(file IN LISTS arg_FILES)
    # A source file has one language in a target: g++ reads the file through a C++ file of one line.
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/sim/${file}.cpp)
    file(CONFIGURE OUTPUT ${wrapper} CONTENT "#include \"${path}\"\n" @ONLY)
    target_sources(${target} PRIVATE ${wrapper})
    # #pragma unroll is nvcc's.
    set_source_files_properties(${wrapper} PROPERTIES COMPILE_OPTIONS -Wno-unknown-pragmas)
    if(GRADVITALS_HAS_CUDA)
      target_sources(${target} PRIVATE ${file})
    endif()
  endforeach()
endfunction()
