# Installs the build into a folder of its own, checks that no installed header includes one that stayed
# behind, then configures, builds and runs project/ and the documents' examples against it. Called by ctest
# with BUILD_DIR, WORK_DIR, README, YOUR_MODEL (docs/your-model.md), C_DOCUMENT (docs/c.md), BUILD_TYPE,
# CXX_COMPILER, CXX_FLAGS and GENERATOR.
set(prefix ${WORK_DIR}/prefix)
set(includes ${prefix}/include/gradvitals)
file(REMOVE_RECURSE ${WORK_DIR})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed (${status}): ${command}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})

file(GLOB_RECURSE headers RELATIVE ${includes} ${includes}/*)
if(NOT headers)
  message(FATAL_ERROR "no header was installed to ${includes}")
endif()
foreach(header IN LISTS headers)
  file(STRINGS ${includes}/${header} lines REGEX "^#include \"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included "${line}")
    if(NOT EXISTS ${includes}/${included})
      message(SEND_ERROR "${header} is installed and includes ${included}, which is not")
    endif()
  endforeach()
endforeach()

# blocks(DOCUMENT LANGUAGE FILES): writes each block of code in that language to the next of the FILES;
# a document has as many blocks as there are files.
function(blocks document language)
  file(READ ${document} text)
  set(opening "```${language}\n")
  string(LENGTH "${opening}" length)
  foreach(file IN LISTS ARGN)
    string(FIND "${text}" "${opening}" begin)
    if(begin EQUAL -1)
      message(FATAL_ERROR "${document} has no block of ${language} for ${file}")
    endif()
    math(EXPR begin "${begin} + ${length}")
    string(SUBSTRING "${text}" ${begin} -1 text)
    string(FIND "${text}" "\n```" end)
    string(SUBSTRING "${text}" 0 ${end} block)
    file(WRITE ${file} "${block}\n")
  endforeach()
  string(FIND "${text}" "${opening}" begin)
  if(NOT begin EQUAL -1)
    message(FATAL_ERROR "${document} has more blocks of ${language} than are checked: ${ARGN}")
  endif()
endfunction()

# Blocks of C++ become programs as they stand, and the README's project is built as it says.
set(mine ${WORK_DIR}/mine)
blocks(${README} cpp ${mine}/main.cpp ${WORK_DIR}/training_loop.cpp)
blocks(${README} cmake ${mine}/CMakeLists.txt)
blocks(${YOUR_MODEL} cpp ${WORK_DIR}/own_trainer.cpp)
blocks(${C_DOCUMENT} c ${WORK_DIR}/example.c)

set(options -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${BUILD_TYPE}
    -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_CXX_FLAGS=${CXX_FLAGS})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/project -B ${WORK_DIR}/build ${options}
    -DEXAMPLES_DIR=${WORK_DIR})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${CMAKE_COMMAND} -S ${mine} -B ${mine}/build ${options})
run(${CMAKE_COMMAND} --build ${mine}/build)
run(${WORK_DIR}/build/consumer)
run(${WORK_DIR}/build/monitor_alone)

# loads_none_of(PROGRAM PATTERN WHY): of the libraries that the program names.
function(loads_none_of program pattern why)
  execute_process(COMMAND readelf --dynamic --wide ${program} OUTPUT_VARIABLE loaded COMMAND_ERROR_IS_FATAL ANY)
  if(NOT loaded MATCHES "NEEDED.*libstdc\\+\\+" OR loaded MATCHES "NEEDED[^\n]*(${pattern})")
    message(FATAL_ERROR "${program}: ${why}:\n${loaded}")
  endif()
endfunction()
loads_none_of(${WORK_DIR}/build/monitor_alone "blas|boost|cuda" "a program of the monitor alone loads what only layers need")
foreach(program IN ITEMS ${WORK_DIR}/build/consumer ${prefix}/bin/gradvitals)
  loads_none_of(${program} "blas|dnnl|gomp" "it loads a library that multiplies")
endforeach()
run(${mine}/build/mine)
run(${WORK_DIR}/build/training_loop)
run(${WORK_DIR}/build/own_trainer)
run(${prefix}/bin/gradvitals info)

# The example of C as the document builds it, and stricter.
file(GLOB_RECURSE pc ${prefix}/*/gradvitals.pc)
get_filename_component(c_library ${pc}/../.. ABSOLUTE)
get_filename_component(c_pkgconfig ${pc} DIRECTORY)
find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${c_pkgconfig}
                          ${PKG_CONFIG} --variable=includedir gradvitals
                  OUTPUT_VARIABLE c_headers OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT EXISTS ${c_headers}/gradvitals.h)
    message(FATAL_ERROR "pkg-config finds no gradvitals.h in ${c_headers}")
  endif()
endif()
run(gcc -std=c11 -pedantic -Wall -Wextra -Werror ${WORK_DIR}/example.c -o ${WORK_DIR}/example -I${prefix}/include
    -L${c_library} -lgradvitals -lm -Wl,-rpath,${c_library})
file(REMOVE ${WORK_DIR}/run.jsonl)
execute_process(COMMAND ${WORK_DIR}/example WORKING_DIRECTORY ${WORK_DIR} RESULT_VARIABLE status OUTPUT_VARIABLE told)
if(NOT status EQUAL 0 OR NOT told MATCHES "\"step\":12" OR NOT told MATCHES "dense.bias")
  message(FATAL_ERROR "the example of C (${status}) does not name the step and the tensor:\n${told}")
endif()
run(${prefix}/bin/gradvitals diagnose ${WORK_DIR}/run.jsonl)
