// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/lib/http_options.h"

#include <algorithm>
#include <cstring>

#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr int kOptions = 3;  // where the table is on the stack

bool one_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

// A string or a number at `index`, as text on one line; `what` says of which option.
std::string text_of(lua_State* state, int index, const char* what) {
  const int type = lua_type(state, index);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    luaL_error(state, "mix.http.request: %s: a string is wanted, not a %s", what, luaL_typename(state, index));
  }
  std::size_t size = 0;
  const char* data = luaL_tolstring(state, index, &size);
  std::string text(data, size);
  lua_pop(state, 1);
  return text;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The pairs of a table, in the order of their names, so that a request looks the same every time.
Pairs pairs_of(lua_State* state, int index, const char* what) {
  if (!lua_istable(state, index)) {
    luaL_error(state, "mix.http.request: %s: a table is wanted, not a %s", what, luaL_typename(state, index));
  }
  Pairs pairs;
  index = lua_absindex(state, index);
  lua_pushnil(state);
  while (lua_next(state, index) != 0) {
    if (lua_type(state, -2) != LUA_TSTRING) luaL_error(state, "mix.http.request: %s: names are strings", what);
    pairs.emplace_back(text_of(state, -2, what), text_of(state, -1, what));
    lua_pop(state, 1);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

void read_query(lua_State* state, plugin::HttpRequest& call) {
  std::string query;
  if (lua_istable(state, -1)) {
    for (const auto& [name, value] : pairs_of(state, -1, "query")) {
      if (!query.empty()) query += '&';
      query.append(percent_encode(name)).append(1, '=').append(percent_encode(value));
    }
  } else {
    query = text_of(state, -1, "query");
    if (query.starts_with('?')) query.erase(0, 1);
  }
  if (query.empty()) return;
  std::string fragment;
  if (const auto at = call.url.find('#'); at != call.url.npos) {
    fragment = call.url.substr(at);
    call.url.resize(at);
  }
  const bool has_query = call.url.find('?') != call.url.npos;
  const bool joined = call.url.ends_with('?') || call.url.ends_with('&');
  call.url += (!has_query ? "?" : joined ? "" : "&") + query + fragment;
}

void read_headers(lua_State* state, plugin::HttpRequest& call) {
  for (auto& header : pairs_of(state, -1, "headers")) call.headers.push_back(std::move(header));
}

void read_cookies(lua_State* state, plugin::HttpRequest& call) {
  std::string line;
  for (const auto& [name, value] : pairs_of(state, -1, "cookies")) {
    if ((name + value).find_first_of("; \r\n") != std::string::npos || name.find('=') != std::string::npos) {
      luaL_error(state, "mix.http.request: cookies: '%s' or its value has a character that a cookie cannot have",
                 name.c_str());
    }
    line += (line.empty() ? "" : "; ") + name + "=" + value;
  }
  if (!line.empty()) call.headers.emplace_back("Cookie", line);
}

void read_body(lua_State* state, plugin::HttpRequest& call) { call.body = text_of(state, -1, "body"); }

// A number of seconds, or a text such as "500ms" or "1h".
void read_timeout(lua_State* state, plugin::HttpRequest& call) {
  std::int64_t milliseconds = 0;
  if (lua_type(state, -1) == LUA_TNUMBER) {
    const lua_Number seconds = lua_tonumber(state, -1);
    milliseconds = seconds > 0 && seconds <= 86'400 ? static_cast<std::int64_t>(seconds * 1000) : 0;
  } else {
    milliseconds = plugin::parse_duration(text_of(state, -1, "timeout")).value_or(0);
  }
  if (milliseconds < 1 || milliseconds > 86'400'000) {
    luaL_error(state, "mix.http.request: timeout: seconds, or a text such as \"500ms\", of at most a day are wanted");
  }
  call.timeout_ms = static_cast<std::uint32_t>(milliseconds);
}

void read_auth(lua_State* state, plugin::HttpRequest& call) {
  if (!lua_istable(state, -1)) luaL_error(state, "mix.http.request: auth: a table is wanted");
  lua_getfield(state, -1, "username");
  const std::string user = text_of(state, -1, "auth.username");
  lua_getfield(state, -2, "password");
  const std::string password = lua_isnil(state, -1) ? std::string() : text_of(state, -1, "auth.password");
  lua_pop(state, 2);
  if (user.find(':') != user.npos) luaL_error(state, "mix.http.request: auth.username: it cannot have a colon");
  call.headers.emplace_back("Authorization", "Basic " + base64(user + ":" + password));
}

void read_max_body(lua_State* state, plugin::HttpRequest& call) {
  int whole = 0;
  const lua_Integer bytes = lua_tointegerx(state, -1, &whole);
  if (!whole || bytes < 1 || bytes > 256 * 1024 * 1024) {
    luaL_error(state, "mix.http.request: max_body: 1 to 268435456 bytes are wanted");
  }
  call.max_body = static_cast<std::uint32_t>(bytes);
}

void read_verify(lua_State* state, plugin::HttpRequest& call) {
  if (!lua_isboolean(state, -1)) luaL_error(state, "mix.http.request: verify: true or false is wanted");
  if (!lua_toboolean(state, -1)) call.flags |= DUNLIN_HTTP_NO_VERIFY;
}

struct Option {
  const char* name;
  void (*read)(lua_State*, plugin::HttpRequest&);
};
constexpr Option kReaders[] = {{"query", read_query},     {"headers", read_headers}, {"cookies", read_cookies},
                               {"body", read_body},       {"timeout", read_timeout}, {"auth", read_auth},
                               {"max_body", read_max_body}, {"verify", read_verify}};

// A misspelt option would be ignored without a word.
void check_names(lua_State* state) {
  lua_pushnil(state);
  while (lua_next(state, kOptions) != 0) {
    const char* name = lua_type(state, -2) == LUA_TSTRING ? lua_tostring(state, -2) : "";
    const bool known = std::any_of(std::begin(kReaders), std::end(kReaders),
                                   [name](const Option& option) { return std::strcmp(option.name, name) == 0; });
    if (!known) luaL_error(state, "mix.http.request: there is no option '%s'", luaL_tolstring(state, -2, nullptr));
    lua_pop(state, 1);
  }
}

}  // namespace

plugin::HttpRequest check_http_request(lua_State* state) {
  plugin::HttpRequest call;
  call.timeout_ms = 10'000;
  call.max_body = 1024 * 1024;
  call.flags = DUNLIN_HTTP_FOLLOW;
  call.method = to_view(state, 1);
  call.url = to_view(state, 2);
  std::transform(call.method.begin(), call.method.end(), call.method.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  lua_settop(state, kOptions);
  if (!lua_isnil(state, kOptions)) {
    luaL_checktype(state, kOptions, LUA_TTABLE);
    check_names(state);
    for (const Option& option : kReaders) {
      if (lua_getfield(state, kOptions, option.name) != LUA_TNIL) option.read(state, call);
      lua_settop(state, kOptions);
    }
  }
  const bool known_scheme = call.url.starts_with("http://") || call.url.starts_with("https://");
  luaL_argcheck(state, known_scheme && one_line(call.url), 2, "a URL with http:// or https:// is wanted");
  for (const auto& [name, value] : call.headers) {
    if (!one_line(name) || !one_line(value)) luaL_error(state, "mix.http.request: headers: each is one line");
  }
  return call;
}

}  // namespace dunlin::lua
