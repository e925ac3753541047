// SPDX-License-Identifier: Apache-2.0
// mix.http.request: asks an HTTP server, and suspends the handler until the answer is there.
#include "plugins/lua/lib/http_options.h"
#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// Header lines of the same name are one, their values joined by commas; a cookie's line is not.
void push_response_headers(lua_State* state, const plugin::HttpResponse& response) {
  lua_newtable(state);
  for (std::size_t i = 0; i < response.header_count; ++i) {
    const dunlin_pair& header = response.headers[i];
    push(state, header_name(view(header.name)));
    lua_pushvalue(state, -1);
    std::string value(view(header.value));
    if (lua_rawget(state, -3) == LUA_TSTRING) value = std::string(to_view(state, -1)) + ", " + value;
    lua_pop(state, 1);
    push(state, value);
    lua_rawset(state, -3);
  }
  set_headers_metatable(state);
}

void push_cookies(lua_State* state, const plugin::HttpResponse& response) {
  lua_newtable(state);
  for (std::size_t i = 0; i < response.header_count; ++i) {
    if (view(response.headers[i].name) != "set-cookie") continue;
    const std::string_view line = view(response.headers[i].value);
    const std::string_view pair = line.substr(0, line.find(';'));
    const auto equals = pair.find('=');
    if (equals == pair.npos || equals == 0) continue;
    push(state, pair.substr(0, equals));
    push(state, pair.substr(equals + 1));
    lua_rawset(state, -3);
  }
}

void push_response(lua_State* state, const plugin::HttpResponse& response) {
  if (response.status != DUNLIN_OK) {
    lua_pushnil(state);
    push(state, response.error);
    lua_pushstring(state, status_kind(response.status));
    return;
  }
  lua_createtable(state, 0, 6);
  set_field(state, "body", response.body);
  lua_pushinteger(state, static_cast<lua_Integer>(response.body.size()));
  lua_setfield(state, -2, "body_size");
  push_response_headers(state, response);
  lua_setfield(state, -2, "headers");
  push_cookies(state, response);
  lua_setfield(state, -2, "cookies");
  lua_pushinteger(state, response.code);
  lua_setfield(state, -2, "status_code");
  set_field(state, "url", response.url);
}

int request(lua_State* state) {
  plugin::HttpRequest ask = check_http_request(state);
  Run& run = waiting_run(state, "mix.http.request");
  const Host& host = run.engine->host();
  if (!host.find<dunlin_http>()) return fail_with(state, "this server has no HTTP client");
  if (run.engine->settings().deny_private) ask.flags |= DUNLIN_HTTP_PUBLIC;
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = wait->http.start(host, ask, [wait](const plugin::HttpResponse& response) {
    Instance::end_wait(wait, [&](lua_State* waiting) { push_response(waiting, response); });
  });
  if (status == DUNLIN_OK) return suspend(state);
  run.instance.drop_wait(wait);
  lua_pushnil(state);
  lua_pushstring(state, status == DUNLIN_E_INVALID ? "the method, the URL or a header is not one that can be sent"
                                                   : status_text(status));
  lua_pushstring(state, status_kind(status));
  return 3;
}

constexpr luaL_Reg kHttp[] = {{"request", request}, {nullptr, nullptr}};

constexpr char kHeadersMetatable[] = "dunlin.headers";

// headers["content-type"] finds Content-Type.
int find_header(lua_State* state) {
  lua_settop(state, 2);
  if (lua_type(state, 2) != LUA_TSTRING) return 0;
  push(state, header_name(to_view(state, 2)));
  lua_rawget(state, 1);
  return 1;
}

}  // namespace

std::string header_name(std::string_view name) {
  std::string out(name);
  bool first = true;
  for (char& c : out) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    first = c == '-';
  }
  return out;
}

void set_headers_metatable(lua_State* state) { luaL_setmetatable(state, kHeadersMetatable); }

void open_mix_http(lua_State* state) {
  luaL_newlib(state, kHttp);
  lua_setfield(state, -2, "http");
  luaL_newmetatable(state, kHeadersMetatable);
  lua_pushcfunction(state, find_header);
  lua_setfield(state, -2, "__index");
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
