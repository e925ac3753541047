// SPDX-License-Identifier: Apache-2.0
// mix.http.request: asks an HTTP server, and suspends the handler until the answer is there.
#include "plugins/lua/lib/http_options.h"
#include "plugins/lua/instance.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

// Header lines of the same name are one, their values joined by commas; a cookie's line is not.
void push_response_headers(lua_State* state, const dunlin_http_response& response) {
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

void push_cookies(lua_State* state, const dunlin_http_response& response) {
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

void push_response(lua_State* state, const dunlin_http_response& response) {
  if (response.status != DUNLIN_OK) {
    lua_pushnil(state);
    push(state, view(response.error));
    lua_pushstring(state, status_kind(response.status));
    return;
  }
  lua_createtable(state, 0, 6);
  push(state, view(response.body));
  lua_setfield(state, -2, "body");
  lua_pushinteger(state, static_cast<lua_Integer>(response.body.size));
  lua_setfield(state, -2, "body_size");
  push_response_headers(state, response);
  lua_setfield(state, -2, "headers");
  push_cookies(state, response);
  lua_setfield(state, -2, "cookies");
  lua_pushinteger(state, response.code);
  lua_setfield(state, -2, "status_code");
  push(state, view(response.url));
  lua_setfield(state, -2, "url");
}

void answered(void* user, const dunlin_http_response* response) {
  auto* wait = static_cast<Wait*>(user);
  wait->http = 0;  // it has ended: there is nothing to cancel
  Instance::end_wait(wait, [&](lua_State* state) { push_response(state, *response); });
}

int request(lua_State* state) {
  const HttpCall call = check_http_call(state);
  Run& run = waiting_run(state, "mix.http.request");
  const Host& host = run.engine->host();
  if (!host.http) return fail_with(state, "this server has no HTTP client");
  std::vector<dunlin_pair> headers;
  for (const auto& [name, value] : call.headers) headers.push_back({str(name), str(value)});
  dunlin_http_request ask{};
  ask.method = str(call.method);
  ask.url = str(call.url);
  ask.body = str(call.body);
  ask.headers = headers.data();
  ask.header_count = headers.size();
  ask.timeout_ms = call.timeout_ms;
  ask.max_body = call.max_body;
  ask.flags = DUNLIN_HTTP_FOLLOW;
  if (!call.verify) ask.flags |= DUNLIN_HTTP_NO_VERIFY;
  if (run.engine->settings().deny_private) ask.flags |= DUNLIN_HTTP_PUBLIC;
  Wait* wait = run.instance.begin_wait(run);
  const dunlin_status status = host.http->request(host.self, &ask, answered, wait, &wait->http);
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
