# Installs the build into a folder of its own, checks that no installed header includes one that stayed
# behind, then configures, builds and runs project/ and the README's example against it. Called by ctest
# with BUILD_DIR, WORK_DIR, README, BUILD_TYPE, CXX_COMPILER, CXX_FLAGS and GENERATOR.
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

# The README's blocks of C++ become programs as they stand.
file(READ ${README} readme)
set(opening "```cpp\n")
string(LENGTH "${opening}" length)
set(examples "")
string(FIND "${readme}" "${opening}" begin)
while(NOT begin EQUAL -1)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${readme}" ${begin} -1 readme)
  string(FIND "${readme}" "\n```" end)
  string(SUBSTRING "${readme}" 0 ${end} example)
  list(LENGTH examples number)
  file(WRITE ${WORK_DIR}/readme_example_${number}.cpp "${example}\n")
  list(APPEND examples readme_example_${number})
  string(FIND "${readme}" "${opening}" begin)
endwhile()
if(NOT examples)
  message(FATAL_ERROR "${README} has no block of C++")
endif()

string(JOIN "," names ${examples})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/project -B ${WORK_DIR}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
    -DCMAKE_CXX_FLAGS=${CXX_FLAGS} -DEXAMPLES=${names} -DEXAMPLES_DIR=${WORK_DIR})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/consumer)
run(${WORK_DIR}/build/monitor_alone)
# The monitor brings neither a BLAS nor the simulator's fibers.
execute_process(COMMAND readelf --dynamic --wide ${WORK_DIR}/build/monitor_alone OUTPUT_VARIABLE loaded
                COMMAND_ERROR_IS_FATAL ANY)
if(NOT loaded MATCHES "NEEDED.*libstdc\\+\\+" OR loaded MATCHES "NEEDED[^\n]*(blas|boost|cuda)")
  message(FATAL_ERROR "a program of the monitor alone loads what only layers need:\n${loaded}")
endif()
foreach(example IN LISTS examples)
  run(${WORK_DIR}/build/${example})
endforeach()
run(${prefix}/bin/gradvitals info)
