# Finds OpenBLAS: the imported target OpenBLAS::OpenBLAS and OpenBLAS_FOUND.
#
# A module of our own because Debian's and Ubuntu's OpenBLASConfig.cmake is put in place by
# update-alternatives, names absolute paths of one flavour and defines no target. Flavours with threads
# come first: it is measured on two as well.
set(_flavours openblas-pthread openblas openblas-openmp openblas-serial)
find_path(OpenBLAS_INCLUDE_DIR openblas_config.h PATH_SUFFIXES ${_flavours})
find_library(OpenBLAS_LIBRARY openblas PATH_SUFFIXES ${_flavours})
unset(_flavours)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR)
mark_as_advanced(OpenBLAS_INCLUDE_DIR OpenBLAS_LIBRARY)

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(
    OpenBLAS::OpenBLAS PROPERTIES IMPORTED_LOCATION "${OpenBLAS_LIBRARY}"
                                  INTERFACE_INCLUDE_DIRECTORIES "${OpenBLAS_INCLUDE_DIR}")
endif()
