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

# The README's one block of C++ becomes a program as it stands.
file(READ ${README} readme)
set(opening "```cpp\n")
string(FIND "${readme}" "${opening}" begin)
string(FIND "${readme}" "${opening}" last REVERSE)
if(begin EQUAL -1 OR NOT begin EQUAL last)
  message(FATAL_ERROR "${README} must hold one block of C++")
endif()
string(LENGTH "${opening}" length)
math(EXPR begin "${begin} + ${length}")
string(SUBSTRING "${readme}" ${begin} -1 example)
string(FIND "${example}" "\n```" end)
string(SUBSTRING "${example}" 0 ${end} example)
file(WRITE ${WORK_DIR}/readme_example.cpp "${example}\n")

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/project -B ${WORK_DIR}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
    -DCMAKE_CXX_FLAGS=${CXX_FLAGS} -DREADME_EXAMPLE=${WORK_DIR}/readme_example.cpp)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/consumer)
run(${WORK_DIR}/build/readme_example)
run(${prefix}/bin/gradvitals info)
