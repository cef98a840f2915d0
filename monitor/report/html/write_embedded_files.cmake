# Writes the page's files as C++: cmake -D OUTPUT=FILE.cpp -D CHART_LIBRARY=FILE (or empty) -P write_embedded_files.cmake
# The hashes are those that the page's content security policy names.
set(here ${CMAKE_CURRENT_LIST_DIR})

# The base64 form of the SHA-256 hash of a text.
function(hash_of text out)
  string(SHA256 hex "${text}")
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(result "")
  foreach(i RANGE 0 57 6)
    string(SUBSTRING ${hex} ${i} 6 triple)
    math(EXPR bits "0x${triple}")
    foreach(shift 18 12 6 0)
      math(EXPR place "(${bits} >> ${shift}) & 63")
      string(SUBSTRING ${letters} ${place} 1 letter)
      string(APPEND result ${letter})
    endforeach()
  endforeach()
  # Of 32 bytes two are left.
  string(SUBSTRING ${hex} 60 4 rest)
  math(EXPR bits "0x${rest} << 2")
  foreach(shift 12 6 0)
    math(EXPR place "(${bits} >> ${shift}) & 63")
    string(SUBSTRING ${letters} ${place} 1 letter)
    string(APPEND result ${letter})
  endforeach()
  set(${out} "${result}=" PARENT_SCOPE)
endfunction()

set(code "#include \"monitor/report/html/embedded_files.h\"\n\nnamespace gradvitals {\nnamespace {\n")

# Appends a constant. Anything but the end of the raw string may stand in the text.
function(add_constant name text)
  set(code "${code}\nconstexpr std::string_view ${name} = R\"gradvitals(${text})gradvitals\";\n" PARENT_SCOPE)
endfunction()

file(READ ${here}/page.html template)
add_constant(kPage "${template}")

file(READ ${here}/page.css style)
add_constant(kStyle "${style}")
hash_of("${style}" hash)
add_constant(kStyleHash "${hash}")

set(script "(() => {\n'use strict';\n\n")
foreach(
  name IN
  ITEMS format state chart_kit norm_charts run_charts step_figure heat_key heat_map tensor_table selection_bar
        page)
  file(READ ${here}/${name}.js part)
  string(APPEND script "${part}\n")
endforeach()
string(APPEND script "})();\n")
add_constant(kScript "${script}")
hash_of("${script}" hash)
add_constant(kScriptHash "${hash}")

set(library "")
if(CHART_LIBRARY)
  file(READ ${CHART_LIBRARY} library)
endif()
add_constant(kChartLibrary "${library}")
hash_of("${library}" hash)
add_constant(kChartLibraryHash "${hash}")

string(APPEND code "
}  // namespace

const EmbeddedFiles& embedded_files() {
  static constexpr EmbeddedFiles kFiles = {kPage, kStyle, kScript, kChartLibrary, kStyleHash, kScriptHash,
                                           kChartLibraryHash};
  return kFiles;
}

}  // namespace gradvitals
")
file(WRITE ${OUTPUT} "${code}")
