// SPDX-License-Identifier: Apache-2.0
// mix.jwt.decode: the claims of a token whose signature and times are good.
#include <time.h>

#include <optional>

#include "plugins/lua/lib/crypto.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr std::size_t kMaxToken = 64 * 1024;
constexpr int kToken = 1, kKey = 2, kOptions = 3;  // places on the stack

// RFC 7515: base64 with - and _, without padding.
std::optional<std::string> base64url(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned held = 0, bits = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    held = (held << 6 | static_cast<unsigned>(value)) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits & 0xFF);
  }
  if (bits >= 6 || (held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

struct Parts {
  std::string_view signed_text;
  std::string header, claims, signature;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.'), second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  auto header = base64url(token.substr(0, first));
  auto claims = base64url(token.substr(first + 1, second - first - 1));
  auto signature = base64url(token.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  return Parts{token.substr(0, second), std::move(*header), std::move(*claims), std::move(*signature)};
}

// Is `name` one that options.algorithms names? Without that, a secret is for HS…, a key in PEM for all others.
bool is_accepted(lua_State* state, const Algorithm& algorithm, std::string_view key) {
  if ((algorithm.family == Family::hmac) == is_pem(key)) return false;  // a public key is no secret
  if (!lua_istable(state, kOptions) || lua_getfield(state, kOptions, "algorithms") == LUA_TNIL) return true;
  if (lua_type(state, -1) == LUA_TSTRING) return to_view(state, -1) == algorithm.name;
  if (!lua_istable(state, -1)) return luaL_error(state, "mix.jwt.decode: algorithms: a name or a list is wanted") != 0;
  for (lua_Integer i = 1; lua_geti(state, -1, i) == LUA_TSTRING; ++i) {
    if (to_view(state, -1) == algorithm.name) return true;
    lua_pop(state, 1);
  }
  return false;
}

lua_Number leeway_of(lua_State* state) {
  if (!lua_istable(state, kOptions) || lua_getfield(state, kOptions, "leeway") == LUA_TNIL) return 0;
  const lua_Number seconds = lua_isnumber(state, -1) ? lua_tonumber(state, -1) : -1;
  if (!(seconds >= 0 && seconds <= 3600)) luaL_error(state, "mix.jwt.decode: leeway: 0 to 3600 seconds are wanted");
  return seconds;
}

// Why the token's time is not now; nullptr where it is. The claims are at `claims`.
const char* wrong_time(lua_State* state, int claims, lua_Number leeway) {
  const auto now = static_cast<lua_Number>(time(nullptr));
  if (lua_getfield(state, claims, "exp") != LUA_TNIL) {
    if (lua_type(state, -1) != LUA_TNUMBER) return "exp is no number";
    if (now >= lua_tonumber(state, -1) + leeway) return "the token has expired";
  }
  if (lua_getfield(state, claims, "nbf") != LUA_TNIL) {
    if (lua_type(state, -1) != LUA_TNUMBER) return "nbf is no number";
    if (now < lua_tonumber(state, -1) - leeway) return "the token is not valid yet";
  }
  return nullptr;
}

// Pushes an object that is written as JSON.
bool push_object(lua_State* state, const std::string& text) {
  std::string error;
  if (!json_push(state, text, error)) return false;
  return lua_istable(state, -1) && !text.empty() && text[text.find_first_not_of(" \t\r\n")] == '{';
}

// mix.jwt.decode(token, key [, options]) → claims, header; nil, err
int decode(lua_State* state) {
  const std::string_view token = to_view(state, kToken), key = to_view(state, kKey);
  luaL_argcheck(state, !key.empty(), kKey, "a secret, or a public key in PEM, is wanted");
  if (!lua_isnoneornil(state, kOptions)) luaL_checktype(state, kOptions, LUA_TTABLE);
  lua_settop(state, kOptions);
  const lua_Number leeway = leeway_of(state);
  if (token.size() > kMaxToken) return fail_with(state, "jwt.decode: the token is over 64 KiB");
  const auto parts = split(token);
  if (!parts || !push_object(state, parts->header)) return fail_with(state, "jwt.decode: this is no JWT");
  const int header = lua_gettop(state);
  if (lua_getfield(state, header, "crit") != LUA_TNIL) return fail_with(state, "jwt.decode: crit is not supported");
  const Algorithm* algorithm =
      lua_getfield(state, header, "alg") == LUA_TSTRING ? algorithm_named(to_view(state, -1)) : nullptr;
  if (!algorithm || !is_accepted(state, *algorithm, key)) {
    return fail_with(state, "jwt.decode: the algorithm is not one that is accepted with this key");
  }
  if (!verify(*algorithm, key, parts->signed_text, parts->signature)) {
    return fail_with(state, "jwt.decode: the signature is wrong");
  }
  if (!push_object(state, parts->claims)) return fail_with(state, "jwt.decode: the claims are no object");
  const int claims = lua_gettop(state);
  if (const char* why = wrong_time(state, claims, leeway)) return fail_with(state, std::string("jwt.decode: ") + why);
  lua_pushvalue(state, claims);
  lua_pushvalue(state, header);
  return 2;
}

constexpr luaL_Reg kJwt[] = {{"decode", decode}, {nullptr, nullptr}};

}  // namespace

void open_mix_jwt(lua_State* state) {
  luaL_newlib(state, kJwt);
  lua_setfield(state, -2, "jwt");
}

}  // namespace dunlin::lua
