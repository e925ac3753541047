// SPDX-License-Identifier: Apache-2.0
// string.find, match, gmatch and gsub, as Lua 5.4 has them, on a Matcher that keeps to the run's budget; and string.rep.
#include <algorithm>
#include <cstring>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/lib/pattern.h"

namespace dunlin::lua {
namespace {

// Where argument `index` lets a search begin, from 0: negative ones count from the end. It may lie beyond the end.
std::size_t check_start(lua_State* state, int index, std::size_t size) {
  const lua_Integer start = luaL_optinteger(state, index, 1);
  if (start > 0) return static_cast<std::size_t>(start) - 1;
  const auto length = static_cast<lua_Integer>(size);
  return start == 0 || start < -length ? 0 : static_cast<std::size_t>(length + start);
}

bool is_plain(std::string_view pattern) { return pattern.find_first_of("^$*+?.([%-") == pattern.npos; }

int find_plain(lua_State* state, std::string_view subject, std::string_view wanted, std::size_t start) {
  charge_bytes(state, subject.size() - start);
  const std::size_t found = find_text(subject.substr(start), wanted);
  if (found == subject.npos) return lua_pushnil(state), 1;
  lua_pushinteger(state, static_cast<lua_Integer>(start + found) + 1);
  lua_pushinteger(state, static_cast<lua_Integer>(start + found + wanted.size()));
  return 2;
}

int search(lua_State* state, bool find) {
  const std::string_view subject = to_view(state, 1);
  std::string_view pattern = to_view(state, 2);
  const std::size_t start = check_start(state, 3, subject.size());
  if (start > subject.size()) return lua_pushnil(state), 1;
  if (find && (lua_toboolean(state, 4) || is_plain(pattern))) return find_plain(state, subject, pattern, start);
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  Matcher matcher(state, subject, pattern);
  const char* const last = anchored ? subject.data() + start : subject.data() + subject.size();
  for (const char* at = subject.data() + start; at <= last; ++at) {
    if (!anchored) at = matcher.skip(at);
    const char* end = matcher.match(at);
    if (!end) continue;
    matcher.settle();
    if (!find) return matcher.push_captures(at, end);
    lua_pushinteger(state, at - subject.data() + 1);
    lua_pushinteger(state, end - subject.data());
    return 2 + matcher.push_captures(nullptr, nullptr);
  }
  matcher.settle();
  return lua_pushnil(state), 1;
}

int find(lua_State* state) { return search(state, true); }
int match(lua_State* state) { return search(state, false); }

// The upvalues of an iterator of gmatch.
enum : int { kSubject = 1, kPattern, kNext, kLastEnd };

std::string_view upvalue(lua_State* state, int index) {
  std::size_t size = 0;
  const char* data = lua_tolstring(state, lua_upvalueindex(index), &size);
  return {data, size};
}

int next_match(lua_State* state) {
  const std::string_view subject = upvalue(state, kSubject);
  Matcher matcher(state, subject, upvalue(state, kPattern));
  const lua_Integer last_end = lua_tointeger(state, lua_upvalueindex(kLastEnd));
  const char* const last = subject.data() + subject.size();
  const auto next = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(kNext)));
  if (next > subject.size()) return 0;
  for (const char* at = subject.data() + next; at <= last; ++at) {
    at = matcher.skip(at);
    const char* end = matcher.match(at);
    // What matches nothing does so but once at the end of the match before.
    if (!end || end - subject.data() == last_end) continue;
    matcher.settle();
    lua_pushinteger(state, end - subject.data());
    lua_copy(state, -1, lua_upvalueindex(kNext));
    lua_replace(state, lua_upvalueindex(kLastEnd));
    return matcher.push_captures(at, end);
  }
  matcher.settle();
  return 0;
}

int gmatch(lua_State* state) {
  const std::string_view subject = to_view(state, 1);
  to_view(state, 2);
  const std::size_t start = std::min(check_start(state, 3, subject.size()), subject.size() + 1);
  lua_settop(state, 2);
  lua_pushinteger(state, static_cast<lua_Integer>(start));
  lua_pushinteger(state, -1);
  lua_pushcclosure(state, next_match, kLastEnd);
  return 1;
}

// Adds the replacement text at index 3, with captures for its %0 to %9.
void add_text(lua_State* state, luaL_Buffer& out, Matcher& matcher, const char* start, const char* end) {
  std::string_view text = to_view(state, 3);
  for (;;) {
    const std::size_t plain = std::min(text.find('%'), text.size());
    luaL_addlstring(&out, text.data(), plain);
    if (plain == text.size()) return;
    const char letter = text[plain + 1];  // or the NUL behind it
    if (letter == '%') {
      luaL_addchar(&out, '%');
    } else if (letter == '0') {
      luaL_addlstring(&out, start, static_cast<std::size_t>(end - start));
    } else if (letter >= '1' && letter <= '9') {
      matcher.push_capture(letter - '1', start, end);
      luaL_addvalue(&out);
    } else {
      luaL_error(state, "invalid use of '%%' in replacement string");
    }
    text.remove_prefix(plain + 2);
  }
}

// Adds what is to stand in the place of a match. False: the match itself.
bool add_replacement(lua_State* state, luaL_Buffer& out, Matcher& matcher, const char* start, const char* end) {
  switch (lua_type(state, 3)) {
    case LUA_TFUNCTION:
      lua_pushvalue(state, 3);
      lua_call(state, matcher.push_captures(start, end), 1);
      break;
    case LUA_TTABLE:
      matcher.push_capture(0, start, end);
      lua_gettable(state, 3);
      break;
    default:
      add_text(state, out, matcher, start, end);
      return true;
  }
  if (!lua_toboolean(state, -1)) {
    lua_pop(state, 1);
    luaL_addlstring(&out, start, static_cast<std::size_t>(end - start));
    return false;
  }
  if (!lua_isstring(state, -1)) luaL_error(state, "invalid replacement value (a %s)", luaL_typename(state, -1));
  luaL_addvalue(&out);
  return true;
}

// Pushes the subject with at most `most` matches replaced; returns how many were.
lua_Integer replace(lua_State* state, std::string_view subject, Matcher& matcher, bool anchored, lua_Integer most) {
  luaL_Buffer out;
  luaL_buffinit(state, &out);
  const char *at = subject.data(), *const last = at + subject.size(), *last_end = nullptr;
  lua_Integer count = 0;
  bool changed = false;
  while (count < most) {
    const char* place = anchored ? at : matcher.skip(at);
    luaL_addlstring(&out, at, static_cast<std::size_t>(place - at));
    at = place;
    const char* end = matcher.match(at);
    if (end && end != last_end) {
      ++count;
      if (add_replacement(state, out, matcher, at, end)) changed = true;
      at = last_end = end;
    } else if (at < last) {
      luaL_addchar(&out, *at++);
    } else {
      break;
    }
    if (anchored) break;
  }
  matcher.settle();
  if (changed) {
    luaL_addlstring(&out, at, static_cast<std::size_t>(last - at));
    luaL_pushresult(&out);
  } else {
    lua_pushvalue(state, 1);
  }
  return count;
}

int gsub(lua_State* state) {
  const std::string_view subject = to_view(state, 1);
  std::string_view pattern = to_view(state, 2);
  const int type = lua_type(state, 3);
  const lua_Integer most = luaL_optinteger(state, 4, static_cast<lua_Integer>(subject.size()) + 1);
  luaL_argexpected(state, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  Matcher matcher(state, subject, pattern);
  lua_pushinteger(state, replace(state, subject, matcher, anchored, most));
  return 2;
}

// The library's own takes a step for each time, also of nothing.
int rep(lua_State* state) {
  constexpr std::size_t kMost = 0x7FFFFFFF;
  const std::string_view text = to_view(state, 1);
  const lua_Integer times = luaL_checkinteger(state, 2);
  std::size_t separator_size = 0;
  const char* separator = luaL_optlstring(state, 3, "", &separator_size);
  const std::size_t unit = text.size() + separator_size;
  if (times <= 0 || unit == 0) return lua_pushliteral(state, ""), 1;
  if (unit < text.size() || unit > kMost / static_cast<std::size_t>(times)) {
    return luaL_error(state, "resulting string too large");
  }
  const std::size_t size = unit * static_cast<std::size_t>(times) - separator_size;
  luaL_Buffer out;
  char* bytes = luaL_buffinitsize(state, &out, size);
  charge_bytes(state, size);
  std::memcpy(bytes, text.data(), text.size());
  std::memcpy(bytes + text.size(), separator, times > 1 ? separator_size : 0);
  for (std::size_t done = std::min(unit, size); done < size;) {
    const std::size_t more = std::min(done, size - done);
    std::memcpy(bytes + done, bytes, more);
    done += more;
  }
  luaL_pushresultsize(&out, size);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch},
                                   {"gsub", gsub}, {"rep", rep},     {nullptr, nullptr}};

}  // namespace

void open_patterns(lua_State* state) {
  lua_getglobal(state, LUA_STRLIBNAME);
  luaL_setfuncs(state, kFunctions, 0);
  lua_pop(state, 1);
}

}  // namespace dunlin::lua
