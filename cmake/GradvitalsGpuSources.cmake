# gradvitals_target_gpu_sources(TARGET SIM_TARGET FILES a.cu ...): each file compiled by g++ into SIM_TARGET, for
# device `sim`, and where nvcc is present by nvcc into TARGET, for device `cuda`. The two builds keep to
# namespaces of their own (kernels/runtime/cuda/gpu.h).
function(gradvitals_target_gpu_sources target sim_target)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "FILES")
  foreach(file IN LISTS arg_FILES)
    # g++ reads the file through a C++ file of one line: CMake would give it to nvcc.
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set(wrapper ${PROJECT_BINARY_DIR}/sim/${path}.cpp)
    file(CONFIGURE OUTPUT ${wrapper} CONTENT "#include \"${path}\"\n" @ONLY)
    target_sources(${sim_target} PRIVATE ${wrapper})
    # #pragma unroll is nvcc's.
    set_source_files_properties(${wrapper} TARGET_DIRECTORY ${sim_target} PROPERTIES COMPILE_OPTIONS -Wno-unknown-pragmas)
    if(GRADVITALS_HAS_CUDA)
      target_sources(${target} PRIVATE ${file})
    endif()
  endforeach()
endfunction()
