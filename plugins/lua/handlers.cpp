// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/handlers.h"

#include <algorithm>
#include <string>

namespace dunlin::lua {
namespace {

constexpr const char* kHandlerNames[] = {"on_handshake", "on_message",     "on_close",        "authenticate",   "mix.timer",
                                         "on_connect",   "protocol_input", "protocol_decode", "protocol_encode"};
static_assert(std::size(kHandlerNames) == static_cast<std::size_t>(Handler::count));

bool names(std::string_view parameter, std::initializer_list<std::string_view> parts) {
  std::string lower(parameter);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return std::any_of(parts.begin(), parts.end(),
                     [&lower](std::string_view part) { return lower.find(part) != std::string::npos; });
}

bool is_conn(std::string_view name) { return name == "c" || name == "ws" || names(name, {"conn", "sock", "tcp"}); }
bool is_id(std::string_view name) { return name == "fd" || names(name, {"id", "client"}); }
bool is_headers(std::string_view name) { return name == "h" || names(name, {"head"}); }
bool is_error(std::string_view name) { return name == "e" || names(name, {"err", "reason", "why"}); }

Form handshake_form(const Parameters& p, bool conn_script) {
  if (is_id(p.first) || p.count > 2) return Form::client_id;
  if (is_headers(p.first) || is_conn(p.second)) return Form::conn;
  if (is_headers(p.second)) return Form::client_id;
  return conn_script ? Form::conn : Form::client_id;
}

Form connect_form(const Parameters& p, bool conn_script) {
  if (is_id(p.first)) return Form::client_id;
  return is_conn(p.first) || conn_script ? Form::conn : Form::client_id;
}

Form close_form(const Parameters& p, bool conn_script) {
  if (is_id(p.first) || is_error(p.second)) return Form::client_id;
  if (is_error(p.first) || is_conn(p.second)) return Form::conn;
  return conn_script ? Form::conn : Form::client_id;
}

}  // namespace

const char* handler_name(Handler which) { return kHandlerNames[static_cast<std::size_t>(which)]; }

Parameters parameters_of(lua_State* state, int function) {
  Parameters out;
  lua_Debug record{};
  lua_pushvalue(state, function);
  lua_getinfo(state, ">u", &record);
  out.count = record.nparams;
  lua_pushvalue(state, function);  // without an activation record, lua_getlocal reads the function on top
  if (const char* name = lua_getlocal(state, nullptr, 1); name && out.count >= 1) out.first = name;
  if (const char* name = lua_getlocal(state, nullptr, 2); name && out.count >= 2) out.second = name;
  lua_pop(state, 1);
  return out;
}

Form form_of(Handler which, const Parameters& parameters, bool conn_script) {
  switch (which) {
    case Handler::handshake:
      return handshake_form(parameters, conn_script);
    case Handler::close:
      return close_form(parameters, conn_script);
    case Handler::connect:
      return connect_form(parameters, conn_script);
    default:  // the order of their parameters is the same in both
      return Form::client_id;
  }
}

int traceback(lua_State* state) {
  const char* message = lua_tostring(state, 1);
  if (!message) message = luaL_tolstring(state, 1, nullptr);
  luaL_traceback(state, state, message, 1);
  return 1;
}

}  // namespace dunlin::lua
