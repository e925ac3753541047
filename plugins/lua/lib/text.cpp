// SPDX-License-Identifier: Apache-2.0
// mix.str_split, parse_str, parse_url, bytes_tostring.
#include <cstring>
#include <vector>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

int str_split(lua_State* state) {
  std::string_view text = to_charged_view(state, 1);
  const std::string_view separator = to_view(state, 2);
  lua_newtable(state);
  lua_Integer count = 0;
  const auto add = [&](std::string_view part) {
    push(state, part);
    lua_rawseti(state, -2, ++count);
  };
  if (separator.empty()) {  // into single bytes
    for (std::size_t i = 0; i < text.size(); ++i) add(text.substr(i, 1));
    return 1;
  }
  for (auto at = find_text(text, separator); at != text.npos; at = find_text(text, separator)) {
    add(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  add(text);
  return 1;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// A '%' that begins no pair of hex digits stands for itself.
std::string unescape(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

int parse_str(lua_State* state) {
  std::string_view query = to_charged_view(state, 1);
  if (!query.empty() && query.front() == '?') query.remove_prefix(1);
  push_query(state, query);
  return 1;
}

struct Url {
  std::string_view scheme, opaque, user, host, raw_path, raw_query, raw_fragment;
  bool force_query = false;
  bool has_authority = false;
};

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && !(later && i > 0)) return false;
  }
  return true;
}

bool split_url(std::string_view text, Url& url, std::string& error) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return error = "parse_url: a control character", false;
  }
  if (const auto at = text.find('#'); at != text.npos) {
    url.raw_fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (const auto at = text.find('?'); at != text.npos) {
    url.raw_query = text.substr(at + 1);
    url.force_query = url.raw_query.empty();
    text = text.substr(0, at);
  }
  if (const auto at = text.find(':'); at != text.npos && is_scheme(text.substr(0, at))) {
    url.scheme = text.substr(0, at);
    text.remove_prefix(at + 1);
    if (!text.starts_with('/')) return url.opaque = text, true;
  } else if (text.starts_with(':')) {
    return error = "parse_url: the scheme is missing", false;
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    url.host = text.substr(0, text.find('/'));
    text.remove_prefix(url.host.size());
    if (const auto at = url.host.rfind('@'); at != url.host.npos) {
      url.user = url.host.substr(0, at);
      url.host.remove_prefix(at + 1);
    }
  }
  url.raw_path = text;
  return true;
}

int parse_url(lua_State* state) {
  Url url;
  std::string error;
  if (!split_url(to_charged_view(state, 1), url, error)) return fail_with(state, error);
  std::string scheme(url.scheme);
  for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  lua_newtable(state);
  const auto set = [state](const char* name, std::string_view value) {
    push(state, value);
    lua_setfield(state, -2, name);
  };
  set("scheme", scheme);
  set("opaque", url.opaque);
  set("user", url.user);
  set("host", url.host);
  // The raw forms are there where they say more.
  const std::string path = unescape(url.raw_path, false), fragment = unescape(url.raw_fragment, false);
  set("path", path);
  set("raw_path", path == url.raw_path ? std::string_view() : url.raw_path);
  set("raw_query", url.raw_query);
  set("fragment", fragment);
  set("raw_fragment", fragment == url.raw_fragment ? std::string_view() : url.raw_fragment);
  lua_pushboolean(state, url.force_query);
  lua_setfield(state, -2, "force_query");
  push_query(state, url.raw_query);
  lua_setfield(state, -2, "query");
  return 1;
}

int bytes_tostring(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  std::string out;
  for (lua_Integer i = 1; lua_geti(state, 1, i) != LUA_TNIL; ++i) {
    charge(state, 1);
    int whole = 0;
    const lua_Integer byte = lua_tointegerx(state, -1, &whole);
    if (!whole || byte < 0 || byte > 255) {
      return luaL_argerror(state, 1, lua_pushfstring(state, "element %I is no byte", i));
    }
    out += static_cast<char>(byte);
    lua_pop(state, 1);
  }
  push(state, out);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"str_split", str_split},
                                   {"parse_str", parse_str},
                                   {"parse_url", parse_url},
                                   {"url_parse", parse_url},  // its name in earlier scripts
                                   {"bytes_tostring", bytes_tostring},
                                   {nullptr, nullptr}};

}  // namespace

// To look for the first byte is fastest, as long as few places have it and nothing more; else the C library's own search,
// which knows how to skip, goes on.
std::size_t find_text(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return 0;
  const char *const begin = text.data(), *const end = begin + text.size(), *at = begin;
  std::size_t in_vain = 0;
  while (static_cast<std::size_t>(end - at) >= wanted.size()) {
    if (in_vain > 256 + 2 * static_cast<std::size_t>(at - begin)) {
      const void* found = memmem(at, static_cast<std::size_t>(end - at), wanted.data(), wanted.size());
      return found ? static_cast<std::size_t>(static_cast<const char*>(found) - begin) : text.npos;
    }
    const std::size_t places = static_cast<std::size_t>(end - at) - wanted.size() + 1;
    at = static_cast<const char*>(std::memchr(at, wanted.front(), places));
    if (!at) break;
    if (std::memcmp(at, wanted.data(), wanted.size()) == 0) return static_cast<std::size_t>(at - begin);
    in_vain += 16 + wanted.size();
    ++at;
  }
  return text.npos;
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

void push_query(lua_State* state, std::string_view query) {
  lua_newtable(state);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    push(state, unescape(pair.substr(0, equals), true));
    push(state, equals == pair.npos ? std::string() : unescape(pair.substr(equals + 1), true));
    lua_rawset(state, -3);
  }
}

void open_mix_text(lua_State* state) { luaL_setfuncs(state, kFunctions, 0); }

}  // namespace dunlin::lua
