# Install rules and the package that find_package(gradvitals) finds.
include(CMakePackageConfigHelpers)

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gradvitals)
install(
  TARGETS gradvitals_runtime
          gradvitals_stats
          gradvitals_stats_archive
          gradvitals_ops
          gradvitals_ops_archive
          gradvitals_sim
          gradvitals_sim_archive
          gradvitals_framework
          gradvitals_monitor
          gradvitals_training
  EXPORT gradvitals
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gradvitals)
install(TARGETS gradvitals RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT gradvitals NAMESPACE gradvitals:: FILE gradvitalsTargets.cmake
        DESTINATION ${_package_dir})

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/gradvitalsConfig.cmake.in gradvitalsConfig.cmake
  INSTALL_DESTINATION ${_package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what the one before it promised.
write_basic_package_version_file(gradvitalsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gradvitalsConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/gradvitalsConfigVersion.cmake
        DESTINATION ${_package_dir})
unset(_package_dir)
