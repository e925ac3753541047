# SPDX-License-Identifier: Apache-2.0
# Every library Dunlin stands on: all of them Debian 12 packages (scripts/install-dependencies names them).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(NATS REQUIRED IMPORTED_TARGET libnats)
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4)
# Frames are written past libwebsockets' documented door (docs/decisions/0003): the range is what the conformance
# tests were run against. Widen it only with them.
pkg_check_modules(LWS REQUIRED IMPORTED_TARGET libwebsockets>=4.1.6 libwebsockets<4.2)
find_path(RAPIDJSON_INCLUDE rapidjson/document.h REQUIRED)
find_path(HTTP_PARSER_INCLUDE http_parser.h REQUIRED)
find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)

add_library(dunlin_rapidjson INTERFACE)
target_include_directories(dunlin_rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE})
target_compile_definitions(dunlin_rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)

add_library(dunlin_http_parser INTERFACE)
target_include_directories(dunlin_http_parser SYSTEM INTERFACE ${HTTP_PARSER_INCLUDE})
target_link_libraries(dunlin_http_parser INTERFACE ${HTTP_PARSER_LIBRARY})
