// SPDX-License-Identifier: Apache-2.0
// require: modules that ship with the product, then files beside the script and in the folders of `path`. Source only;
// every file that was read or looked for is watched, so that a change in it reloads the script.
#include <sys/stat.h>

#include "plugins/lua/engine.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/source51.h"

namespace dunlin::lua {
namespace {

bool is_file(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode);
}

// The first of package.path's templates that names a file; empty, and what was tried in `tried`.
std::string find_file(lua_State* state, std::string_view name, std::string& tried) {
  std::string relative(name);
  for (char& c : relative) c = c == '.' ? '/' : c;
  lua_getfield(state, lua_upvalueindex(1), "path");
  if (!lua_isstring(state, -1)) luaL_error(state, "'package.path' must be a string");
  std::string_view templates = to_view(state, -1);
  while (!templates.empty()) {
    const std::string_view one = templates.substr(0, templates.find(';'));
    templates.remove_prefix(std::min(templates.size(), one.size() + 1));
    std::string file;
    for (const char c : one) {
      if (c == '?') file += relative;
      else file += c;
    }
    Engine::of(state).files().add(file);
    if (is_file(file)) return file;
    tried += "\n\tno file '" + file + "'";
  }
  return {};
}

// The names by which scripts know what ships: "protocols/websocket" too, and "prettyprint" of before it was a util.
std::string dotted(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '/' ? '.' : c;
  return out == "prettyprint" ? "utils.prettyprint" : out;
}

// The loaders: given a name, each returns a function that loads it, and what that is told besides the name; or a text that
// says what it has tried. Upvalue 1 is `package`.

int preload_loader(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  lua_getfield(state, lua_upvalueindex(1), "preload");
  if (!lua_istable(state, -1)) return luaL_error(state, "'package.preload' must be a table");
  if (lua_getfield(state, -1, name.data()) == LUA_TNIL) {
    return push(state, "\n\tno field package.preload['" + std::string(name) + "']"), 1;
  }
  lua_pushliteral(state, ":preload:");
  return 2;
}

int file_loader(lua_State* state) {
  std::string tried;
  const std::string file = find_file(state, to_view(state, 1), tried);
  if (file.empty()) return push(state, tried), 1;
  if (load_file(state, file.c_str()) != LUA_OK) return lua_error(state);
  push(state, file);
  return 2;
}

int shipped_loader(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  const std::string_view source = shipped_module(dotted(name));
  if (source.empty()) return push(state, "\n\tnone of that name ships with dunlin"), 1;
  const std::string chunk = "=[dunlin] " + std::string(name);
  if (luaL_loadbufferx(state, source.data(), source.size(), chunk.c_str(), "t") != LUA_OK) return lua_error(state);
  push(state, chunk.substr(1));
  return 2;
}

// Pushes the function that the first of package.loaders that knows the module gives, and its second argument.
void find_loader(lua_State* state, std::string_view name) {
  if (lua_getfield(state, lua_upvalueindex(1), "loaders") != LUA_TTABLE) {
    luaL_error(state, "'package.loaders' must be a table");
  }
  const int loaders = lua_gettop(state);
  std::string tried;
  for (lua_Integer i = 1; lua_rawgeti(state, loaders, i) != LUA_TNIL; ++i) {
    push(state, name);
    lua_call(state, 1, 2);
    if (lua_isfunction(state, -2)) return;
    if (lua_isstring(state, -2)) tried += to_view(state, -2);
    lua_settop(state, loaders);
  }
  luaL_error(state, "module '%s' not found:%s", name.data(), tried.c_str());
}

int require(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  lua_settop(state, 1);
  lua_getfield(state, lua_upvalueindex(1), "loaded");
  const int loaded = 2;
  if (lua_getfield(state, loaded, name.data()); lua_toboolean(state, -1)) return 1;
  find_loader(state, name);
  lua_pushvalue(state, 1);
  lua_insert(state, -2);
  lua_call(state, 2, 1);
  if (!lua_isnil(state, -1)) lua_setfield(state, loaded, name.data());
  if (lua_getfield(state, loaded, name.data()) == LUA_TNIL) {
    lua_pushboolean(state, 1);
    lua_pushvalue(state, -1);
    lua_setfield(state, loaded, name.data());
  }
  return 1;
}

}  // namespace

void open_require(lua_State* state) {
  lua_newtable(state);  // package
  luaL_getsubtable(state, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  // What was opened as a whole and narrowed afterwards must not be reached through here.
  for (const char* name : {LUA_DBLIBNAME, LUA_OSLIBNAME}) {
    lua_getglobal(state, name);
    lua_setfield(state, -2, name);
  }
  lua_pushvalue(state, -2);
  lua_setfield(state, -2, "package");
  lua_setfield(state, -2, "loaded");
  lua_newtable(state);
  lua_setfield(state, -2, "preload");
  std::string path;
  for (const std::string& folder : Engine::of(state).settings().folders) {
    path += (path.empty() ? "" : ";") + folder + "/?.lua;" + folder + "/?/init.lua";
  }
  push(state, path);
  lua_setfield(state, -2, "path");
  set_field(state, "cpath", "");
  set_field(state, "config", "/\n;\n?\n!\n-\n");
  constexpr lua_CFunction kLoaders[] = {preload_loader, file_loader, shipped_loader};
  lua_createtable(state, std::size(kLoaders), 0);
  for (std::size_t i = 0; i < std::size(kLoaders); ++i) {
    lua_pushvalue(state, -2);
    lua_pushcclosure(state, kLoaders[i], 1);
    lua_rawseti(state, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_pushvalue(state, -1);
  lua_setfield(state, -3, "loaders");
  lua_setfield(state, -2, "searchers");  // their name in Lua 5.4
  lua_pushvalue(state, -1);
  lua_setglobal(state, "package");
  lua_pushcclosure(state, require, 1);
  lua_setglobal(state, "require");
}

}  // namespace dunlin::lua
