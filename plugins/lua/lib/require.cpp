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
  std::string_view templates = lua_isstring(state, -1) ? to_view(state, -1) : std::string_view();
  while (!templates.empty()) {
    const std::string_view one = templates.substr(0, templates.find(';'));
    templates.remove_prefix(std::min(templates.size(), one.size() + 1));
    std::string file(one);
    if (const auto mark = file.find('?'); mark != file.npos) file.replace(mark, 1, relative);
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

// Pushes the loader and its second argument.
void find_loader(lua_State* state, std::string_view name) {
  lua_getfield(state, lua_upvalueindex(1), "preload");
  if (lua_istable(state, -1) && lua_getfield(state, -1, name.data()) != LUA_TNIL) {
    lua_pushliteral(state, ":preload:");
    return;
  }
  std::string tried;
  const std::string file = find_file(state, name, tried);
  if (!file.empty()) {
    if (load_file(state, file.c_str()) != LUA_OK) lua_error(state);
    push(state, file);
    return;
  }
  const std::string_view source = shipped_module(dotted(name));
  if (source.empty()) {
    luaL_error(state, "module '%s' not found:\n\tnone of that name ships with dunlin%s", name.data(), tried.c_str());
  }
  const std::string chunk = "=[dunlin] " + std::string(name);
  if (luaL_loadbufferx(state, source.data(), source.size(), chunk.c_str(), "t") != LUA_OK) lua_error(state);
  push(state, chunk.substr(1));
}

int require(lua_State* state) {
  const std::string_view name = to_view(state, 1);
  lua_settop(state, 1);
  lua_getfield(state, lua_upvalueindex(1), "loaded");
  const int loaded = 2;
  if (lua_getfield(state, loaded, name.data()); lua_toboolean(state, -1)) return 1;
  find_loader(state, name);
  lua_pushvalue(state, 1);
  lua_pushvalue(state, -2);
  lua_remove(state, -3);
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
  lua_pushliteral(state, "");
  lua_setfield(state, -2, "cpath");
  lua_pushvalue(state, -1);
  lua_setglobal(state, "package");
  lua_pushcclosure(state, require, 1);
  lua_setglobal(state, "require");
}

}  // namespace dunlin::lua
