# SPDX-License-Identifier: Apache-2.0
# dunlin_unity(TARGET [ALONE sources...]): compiles the target's files of one folder together when DUNLIN_UNITY is on. A
# whole build then takes a quarter of the time, since headers are read and templates made once a folder; the change of one
# file takes longer. scripts/test builds with sanitizers that way; of its optimised build only the tests, the product file
# by file, so that a missing #include is still found. ALONE: files whose private names others of their folder have too.
set(DUNLIN_UNITY OFF CACHE STRING "Compile the files of a folder together: ON, tests (only theirs) or OFF")

function(dunlin_unity target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "ALONE")
  if(DUNLIN_UNITY STREQUAL "tests")
    if(NOT target MATCHES "^unit-")
      return()
    endif()
  elseif(NOT DUNLIN_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${target}-${group}")
  endforeach()
  list(TRANSFORM arg_ALONE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
