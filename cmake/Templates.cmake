# SPDX-License-Identifier: Apache-2.0
# dunlin_templates(OUTPUT): what `dunlin plugin new` writes, as a C++ source made of the files of plugin-api/template.
# Rows: file there | what it becomes | kinds | languages; @NAME@ stands for the plugin's name.
set(DUNLIN_TEMPLATES
  "auth.c|@NAME@.c|auth|c" "auth.cpp|@NAME@.cpp|auth|cpp" "auth.lua|@NAME@.lua|auth|lua"
  "router.c|@NAME@.c|router|c" "router.cpp|@NAME@.cpp|router|cpp" "router.lua|@NAME@.lua|router|lua"
  "test_auth.c|test.c|auth|c,cpp" "test_router.c|test.c|router|c,cpp" "fake_host.h.txt|fake_host.h|auth,router|c,cpp"
  "settings.auth.json|settings.json|auth|c,cpp" "settings.router.json|settings.json|router|c,cpp"
  "CMakeLists.c.txt|CMakeLists.txt|auth,router|c" "CMakeLists.cpp.txt|CMakeLists.txt|auth,router|cpp"
  "CMakeLists.lua.txt|CMakeLists.txt|auth,router|lua"
  "Makefile.c|Makefile|auth,router|c" "Makefile.cpp|Makefile|auth,router|cpp"
  "README.auth.md|README.md|auth|c,cpp" "README.router.md|README.md|router|c,cpp" "README.lua.md|README.md|auth,router|lua"
  "dunlin.auth.yaml|dunlin.yaml|auth|lua" "dunlin.router.yaml|dunlin.yaml|router|lua"
  "router-for-auth.lua|router.lua|auth|lua")

function(dunlin_templates output)
  set(rows "")
  foreach(row IN LISTS DUNLIN_TEMPLATES)
    string(REPLACE "|" ";" row "${row}")
    list(GET row 0 from)
    list(GET row 1 to)
    foreach(index 2 3)
      list(GET row ${index} names)
      string(REPLACE "," "\", \"" names_${index} "${names}")
    endforeach()
    set(file ${CMAKE_SOURCE_DIR}/plugin-api/template/${from})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND rows "      {\"${to}\", {\"${names_2}\"}, {\"${names_3}\"}, R\"_template_(${text})_template_\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT "// Generated from plugin-api/template.
#include \"core/cli/templates.h\"

namespace dunlin {

std::vector<Template> templates() {
  return {
@rows@  };
}

}  // namespace dunlin
" @ONLY)
endfunction()
