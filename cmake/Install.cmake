# SPDX-License-Identifier: Apache-2.0
# cmake --install: the server, its modules, the shipped scripts, and what outside authors build plugins with.
include(GNUInstallDirs)
set(plugin_dir ${CMAKE_INSTALL_LIBDIR}/dunlin/plugins)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Dunlin)

install(TARGETS dunlin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS lua http-auth jwt-auth LIBRARY DESTINATION ${plugin_dir})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/lua/ DESTINATION ${CMAKE_INSTALL_DATADIR}/dunlin/lua)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/plugin-api/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES ${CMAKE_SOURCE_DIR}/cmake/plugin.map DESTINATION ${CMAKE_INSTALL_DATADIR}/dunlin)

# Both find their place by their own, so that the whole may be moved.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/dunlin.pc @ONLY CONTENT [[prefix=${pcfiledir}/../..
program=${prefix}/@CMAKE_INSTALL_BINDIR@/dunlin
plugindir=${prefix}/@plugin_dir@
exports=${prefix}/@CMAKE_INSTALL_DATADIR@/dunlin/plugin.map

Name: dunlin
Description: The plugin API of Dunlin, a message centre
Version: @PROJECT_VERSION@
Cflags: -I${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
]])
install(FILES ${CMAKE_BINARY_DIR}/dunlin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

include(CMakePackageConfigHelpers)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/DunlinConfig.cmake.in ${CMAKE_BINARY_DIR}/DunlinConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR CMAKE_INSTALL_DATADIR plugin_dir NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/DunlinConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/DunlinConfig.cmake ${CMAKE_BINARY_DIR}/DunlinConfigVersion.cmake
  DESTINATION ${package_dir})
