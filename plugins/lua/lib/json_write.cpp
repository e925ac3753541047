// SPDX-License-Identifier: Apache-2.0
// Lua values to JSON text.
#include <charconv>
#include <cmath>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/json_marks.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/lib/utf8.h"

namespace dunlin::lua {
namespace {

class Writer {
 public:
  Writer(lua_State* state, std::string& out, std::string& error, Bytes bytes)
      : state_(state), out_(out), error_(error), bytes_(bytes) {}

  // A table that is in others many times is written many times: each is charged for.
  bool value(int index, std::size_t depth) {
    charge(state_, 1);
    switch (lua_type(state_, index)) {
      case LUA_TNIL:
        return out_ += "null", true;
      case LUA_TBOOLEAN:
        return out_ += lua_toboolean(state_, index) ? "true" : "false", true;
      case LUA_TNUMBER:
        return number(index);
      case LUA_TSTRING:
        return string(index);
      case LUA_TTABLE:
        return table(index, depth);
      case LUA_TLIGHTUSERDATA:
        return mark(lua_touserdata(state_, index));
      default:
        break;
    }
    const std::string_view digits = big_digits(state_, index);
    if (digits.empty()) return refuse(std::string("a ") + luaL_typename(state_, index) + " has no JSON form");
    return out_ += digits, true;
  }

 private:
  bool refuse(std::string why) {
    error_ = std::move(why);
    return false;
  }

  bool mark(const void* what) {
    if (what == null_mark()) return out_ += "null", true;
    if (what == empty_array_mark()) return out_ += "[]", true;
    return refuse("a userdata has no JSON form");
  }

  bool number(int index) {
    char text[40];
    std::to_chars_result end{};
    if (lua_isinteger(state_, index)) {
      end = std::to_chars(text, text + sizeof text, lua_tointeger(state_, index));
    } else {
      const lua_Number number = lua_tonumber(state_, index);
      if (!std::isfinite(number)) return refuse("NaN and infinity have no JSON form");
      end = std::to_chars(text, text + sizeof text, number);
    }
    out_.append(text, end.ptr);
    return true;
  }

  bool string(int index) {
    std::size_t size = 0;
    const char* data = lua_tolstring(state_, index, &size);
    charge_bytes(state_, size);
    if (is_utf8({data, size})) return quote({data, size}), true;
    if (bytes_ == Bytes::refused) return refuse("a string is not UTF-8");
    (((out_ += "{\"") += kBinaryMark) += "\":\"") += base64({data, size});
    return out_ += "\"}", true;
  }

  void quote(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    static constexpr std::string_view kShort = "\"\\\b\f\n\r\t", kLetter = "\"\\bfnrt";
    out_ += '"';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
      out_.append(text, done, i - done);
      done = i + 1;
      if (const auto at = kShort.find(text[i]); at != kShort.npos) {
        (out_ += '\\') += kLetter[at];
      } else {
        ((out_ += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
      }
    }
    out_.append(text, done);
    out_ += '"';
  }

  bool table(int index, std::size_t depth) {
    if (depth >= kJsonDepth) return refuse("nested over 100 levels deep: does a table contain itself?");
    luaL_checkstack(state_, 6, "JSON");
    const int at = lua_absindex(state_, index);
    lua_Integer length = 0;
    return is_array(at, length) ? array(at, length, depth) : object(at, depth);
  }

  // An array: marked as one, or a table that is not empty and has nothing but positive integer keys, with few holes.
  bool is_array(int at, lua_Integer& length) {
    lua_Integer count = 0;
    bool plain = true;
    for (lua_pushnil(state_); plain && lua_next(state_, at) != 0; lua_pop(state_, 1)) {
      if (!lua_isinteger(state_, -2) || lua_tointeger(state_, -2) < 1) {
        lua_pop(state_, 2);
        plain = false;
        break;
      }
      ++count;
      length = std::max(length, lua_tointeger(state_, -2));
    }
    if (lua_getmetatable(state_, at)) {
      luaL_getmetatable(state_, kArrayMetatable);
      const bool marked = lua_rawequal(state_, -1, -2);
      lua_pop(state_, 2);
      if (marked && !plain) length = static_cast<lua_Integer>(lua_rawlen(state_, at));
      if (marked) return true;
    }
    return plain && count > 0 && (length <= 10 || length <= 2 * count);
  }

  bool array(int at, lua_Integer length, std::size_t depth) {
    out_ += '[';
    for (lua_Integer i = 1; i <= length; ++i) {
      if (i > 1) out_ += ',';
      lua_rawgeti(state_, at, i);
      if (!value(lua_gettop(state_), depth + 1)) return false;
      lua_pop(state_, 1);
    }
    out_ += ']';
    return true;
  }

  bool object(int at, std::size_t depth) {
    out_ += '{';
    bool first = true;
    for (lua_pushnil(state_); lua_next(state_, at) != 0; lua_pop(state_, 1)) {
      if (!first) out_ += ',';
      first = false;
      if (!key(lua_gettop(state_) - 1)) return false;
      out_ += ':';
      if (!value(lua_gettop(state_), depth + 1)) return false;
    }
    out_ += '}';
    return true;
  }

  bool key(int index) {
    if (lua_type(state_, index) == LUA_TSTRING) {
      if (!is_utf8(to_view(state_, index))) return refuse("a key is not UTF-8");
      return quote(to_view(state_, index)), true;
    }
    if (!lua_isinteger(state_, index)) {
      return refuse(std::string("a ") + luaL_typename(state_, index) + " cannot be a key of a JSON object");
    }
    quote(std::to_string(lua_tointeger(state_, index)));
    return true;
  }

  lua_State* state_;
  std::string& out_;
  std::string& error_;
  Bytes bytes_;
};

}  // namespace

bool json_write(lua_State* state, int index, std::string& out, std::string& error, Bytes bytes) {
  const int top = lua_gettop(state);
  const bool written = Writer(state, out, error, bytes).value(index, 0);
  lua_settop(state, top);
  return written;
}

}  // namespace dunlin::lua
