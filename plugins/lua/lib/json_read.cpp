// SPDX-License-Identifier: Apache-2.0
// JSON to Lua values, straight from the parser's events. Numbers are taken as text, so that no digit is lost.
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/json_marks.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;

// Each value is pushed and then put into the table below it: `t[#t + 1]`, or under the key that was pushed before it.
class Builder {
 public:
  Builder(lua_State* state, Bytes bytes) : state_(state), bytes_(bytes) {}

  bool Null() { return lua_pushlightuserdata(state_, null_mark()), store(); }
  bool Bool(bool value) { return lua_pushboolean(state_, value), store(); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return number({text, size}) && store(); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return lua_pushlstring(state_, text, size), store();
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return lua_pushlstring(state_, text, size), true; }
  bool StartObject() { return open(kObject); }
  bool EndObject(rapidjson::SizeType members) {
    if (bytes_ == Bytes::kept && members == 1) restore_bytes();
    return levels_.pop_back(), store();
  }
  bool StartArray() {
    if (!open(0)) return false;
    luaL_setmetatable(state_, kArrayMetatable);
    return true;
  }
  bool EndArray(rapidjson::SizeType) { return levels_.pop_back(), store(); }

  // Numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  const std::string& error() const { return error_; }

 private:
  static constexpr lua_Integer kObject = -1;

  bool open(lua_Integer level) {
    if (levels_.size() >= kJsonDepth) return refuse("nested too deep");
    luaL_checkstack(state_, 4, "JSON");
    lua_newtable(state_);
    levels_.push_back(level);
    return true;
  }

  bool store() {
    if (levels_.empty()) return true;
    if (levels_.back() == kObject) {
      lua_rawset(state_, -3);
    } else {
      lua_rawseti(state_, -2, ++levels_.back());
    }
    return true;
  }

  // An object that stands for a string becomes it.
  void restore_bytes() {
    std::string out, error;
    if (lua_getfield(state_, -1, kBinaryMark) == LUA_TSTRING && base64_decoded(to_view(state_, -1), out, error)) {
      push(state_, out);
      lua_replace(state_, -3);
    }
    lua_pop(state_, 1);
  }

  bool number(std::string_view text) {
    if (text != "-0" && text.find_first_of(".eE") == std::string_view::npos) return push_digits(state_, text), true;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range && !underflows(text)) return refuse("a number is out of range");
    lua_pushnumber(state_, error == std::errc::result_out_of_range ? 0.0 : value);
    return true;
  }

  static bool underflows(std::string_view text) { return text.find("e-") != text.npos || text.find("E-") != text.npos; }

  bool refuse(const char* why) {
    error_ = why;
    return false;
  }

  lua_State* state_;
  Bytes bytes_;
  std::vector<lua_Integer> levels_;  // kObject, or how many elements the array has so far
  std::string error_;
};

}  // namespace

bool json_push(lua_State* state, std::string_view text, std::string& error, Bytes bytes) {
  const int top = lua_gettop(state);
  charge_bytes(state, text.size());
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  Builder builder(state, bytes);
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (result && stream.Tell() == text.size()) return true;
  lua_settop(state, top);
  const char* why = result ? "a NUL character" : rapidjson::GetParseError_En(result.Code());
  error = builder.error().empty() ? why : builder.error();
  error += " (at byte " + std::to_string(stream.Tell() + 1) + ")";
  return false;
}

void push_digits(lua_State* state, std::string_view digits) {
  lua_Integer value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc()) return lua_pushinteger(state, value);
  void* block = lua_newuserdatauv(state, digits.size(), 0);
  digits.copy(static_cast<char*>(block), digits.size());
  luaL_setmetatable(state, kBigMetatable);
}

}  // namespace dunlin::lua
