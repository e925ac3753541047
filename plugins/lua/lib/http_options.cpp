// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/lib/http_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "plugins/lua/engine.h"
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

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr Unit kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}};

// Milliseconds of a text as Go's programs write it: 500ms, 1.5h, 1m30s. NaN: it is none.
double duration_of(std::string_view text) {
  double sum = 0;
  do {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc()) return NAN;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits), [name](const Unit& one) { return one.name == name; });
    if (unit == std::end(kUnits)) return NAN;
    sum += number * unit->milliseconds;
    text.remove_prefix(name.size());
  } while (!text.empty());
  return sum;
}

// A number of seconds, or a text such as "500ms" or "1m30s".
void read_timeout(lua_State* state, plugin::HttpRequest& call) {
  const bool seconds = lua_type(state, -1) == LUA_TNUMBER;
  const double wanted = seconds ? lua_tonumber(state, -1) * 1000 : duration_of(text_of(state, -1, "timeout"));
  if (!(wanted > 0 && wanted <= 86'400'000)) {
    luaL_error(state, "mix.http.request: timeout: seconds, or a text such as \"500ms\", of at most a day are wanted");
  }
  call.timeout_ms = static_cast<std::uint32_t>(std::max(wanted, 1.0));
}

void read_auth(lua_State* state, plugin::HttpRequest& call) {
  if (!lua_istable(state, -1)) luaL_error(state, "mix.http.request: auth: a table is wanted");
  // `user` and `pass` are the names that the fields had before.
  if (lua_getfield(state, -1, "username") == LUA_TNIL) {
    lua_pop(state, 1);
    lua_getfield(state, -1, "user");
  }
  const std::string user = text_of(state, -1, "auth.username");
  if (lua_getfield(state, -2, "password") == LUA_TNIL) {
    lua_pop(state, 1);
    lua_getfield(state, -2, "pass");
  }
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

constexpr char kPassedOver[] = "dunlin.http.options";

// The option's name is on top, and stays.
void say_once(lua_State* state) {
  luaL_getsubtable(state, LUA_REGISTRYINDEX, kPassedOver);
  lua_pushvalue(state, -2);
  const bool said = lua_rawget(state, -2) != LUA_TNIL;
  lua_pop(state, 1);
  if (!said && lua_rawlen(state, -1) < 100) {  // names that are made up anew each time would fill the memory
    const std::string name(to_view(state, -2));
    Engine::of(state).host().log(DUNLIN_LOG_WARN, "mix.http.request: there is no option '" + name + "'; it is passed over");
    lua_pushvalue(state, -2);
    lua_pushvalue(state, -1);
    lua_rawset(state, -3);
    lua_pushvalue(state, -2);
    lua_rawseti(state, -2, static_cast<lua_Integer>(lua_rawlen(state, -2)) + 1);
  }
  lua_pop(state, 1);
}

// Options of other programs' HTTP clients do no harm; but one that is misspelt has no effect, which is said.
void look_for_others(lua_State* state) {
  lua_pushnil(state);
  while (lua_next(state, kOptions) != 0) {
    lua_pop(state, 1);
    if (lua_type(state, -1) != LUA_TSTRING) continue;
    const char* name = lua_tostring(state, -1);
    const bool known = std::any_of(std::begin(kReaders), std::end(kReaders),
                                   [name](const Option& option) { return std::strcmp(option.name, name) == 0; });
    if (!known) say_once(state);
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
    look_for_others(state);
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
