// SPDX-License-Identifier: Apache-2.0
// How JSON's shapes that Lua lacks are told apart in Lua.
#pragma once

#include <cstddef>

#include <lua.hpp>

namespace dunlin::lua {

inline constexpr std::size_t kJsonDepth = 100;
inline constexpr char kArrayMetatable[] = "dunlin.array";  // of a table that is an array even when it is empty
inline constexpr char kBigMetatable[] = "dunlin.big";      // of a userdata that holds an integer's digits

// The light userdata that are mix.null and mix.empty_array.
void* null_mark();
void* empty_array_mark();

// The only field of the object that stands for a string of other bytes than UTF-8 (Bytes::kept).
inline constexpr char kBinaryMark[] = "$binary";

}  // namespace dunlin::lua
