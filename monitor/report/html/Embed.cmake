# The parts of the HTML page as constants of a library. Chart.js comes from where the system has it (Debian's
# libjs-chart.js) and is never part of this repository; without it the page shows a static figure.
# GRADVITALS_CHART_JS=OFF builds without it all the same.

find_file(
  GRADVITALS_CHART_JS chart.min.js
  PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
  DOC "Chart.js 3, minified, for the charts of the HTML page; OFF: none")
mark_as_advanced(GRADVITALS_CHART_JS)

function(gradvitals_embed_page target)
  set(here ${PROJECT_SOURCE_DIR}/monitor/report/html)
  set(library "")
  if(GRADVITALS_CHART_JS)
    file(STRINGS ${GRADVITALS_CHART_JS} found REGEX "Chart.js v3\\." LIMIT_INPUT 1000 LIMIT_COUNT 1)
    if(found)
      set(library ${GRADVITALS_CHART_JS})
    else()
      message(WARNING "${GRADVITALS_CHART_JS} is not Chart.js 3: the HTML page is built without charts")
    endif()
  else()
    message(STATUS "Chart.js (package libjs-chart.js) was not found: the HTML page is built without charts")
  endif()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/html_embedded_files.cpp)
  set(parts
      page.html page.css format.js state.js chart_kit.js norm_charts.js run_charts.js step_figure.js heat_key.js
      heat_map.js tensor_table.js selection_bar.js page.js)
  list(TRANSFORM parts PREPEND ${here}/)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D CHART_LIBRARY=${library} -P ${here}/write_embedded_files.cmake
    DEPENDS ${parts} ${library} ${here}/write_embedded_files.cmake
    COMMENT "Embedding the HTML page"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
endfunction()
