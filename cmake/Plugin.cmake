# SPDX-License-Identifier: Apache-2.0
# dunlin_plugin(NAME sources...): NAME.so in the build's plugins folder, built on plugin-api alone. Only the entry
# symbol leaves it, so that two plugins may each carry their own copy of a library.
function(dunlin_plugin name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  target_link_libraries(${name} PRIVATE dunlin_options dunlin_plugin_api)
  set(exports ${CMAKE_SOURCE_DIR}/cmake/plugin.map)
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL -Wl,--version-script=${exports})
  set_target_properties(${name} PROPERTIES LINK_DEPENDS ${exports})
endfunction()
