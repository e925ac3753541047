// SPDX-License-Identifier: Apache-2.0
// source51: text that was written for Lua 5.1, made into what Lua 5.4 compiles to the same. Two things of the old grammar
// cannot be given by a library: the table `arg` of a function with `...`, and escapes such as "\d" that stood for the
// letter itself. Lines stay where they are, so that errors name the right ones.
#pragma once

#include <string>
#include <string_view>

#include <lua.hpp>

namespace dunlin::lua {

// `text` with both dealt with. What does not lex is left as it is: Lua says what is wrong with it.
std::string from_lua51(std::string_view text);

// luaL_loadbufferx and luaL_loadfilex for such text; never bytecode.
int load_text(lua_State* state, std::string_view text, const char* name);
int load_file(lua_State* state, const char* path);

}  // namespace dunlin::lua
