# SPDX-License-Identifier: Apache-2.0
# What every target of ours is compiled with.
add_library(dunlin_options INTERFACE)
target_compile_options(dunlin_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fvisibility=hidden
  $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
  # GCC 12 at -O3 takes every `"text" + std::string` for an overlap (its bug 105651).
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
target_include_directories(dunlin_options INTERFACE ${CMAKE_SOURCE_DIR})

if(DUNLIN_SANITIZE STREQUAL "address")
  set(flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(DUNLIN_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread -fno-omit-frame-pointer)
elseif(NOT DUNLIN_SANITIZE STREQUAL "")
  message(FATAL_ERROR "DUNLIN_SANITIZE is \"${DUNLIN_SANITIZE}\"; it may be address, thread or empty")
endif()
if(DEFINED flags)
  add_compile_options(${flags})
  add_link_options(${flags})
endif()
