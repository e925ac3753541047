// SPDX-License-Identifier: Apache-2.0
// string.format and os.date as Lua 5.1 had them: what they do not know of a conversion was C's to know.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

enum class Takes : std::uint8_t { whole, fraction, text };
struct Conversion {
  char letter;
  Takes takes;
  char written;           // as what Lua 5.4 knows it
  std::string_view flags;  // that it takes there; C takes any
  bool precision;
};
constexpr Conversion kConversions[] = {
    {'d', Takes::whole, 'd', "-+0 ", true},     {'i', Takes::whole, 'i', "-+0 ", true},
    {'u', Takes::whole, 'd', "-+0 ", true},     {'o', Takes::whole, 'o', "-#0", true},
    {'x', Takes::whole, 'x', "-#0", true},      {'X', Takes::whole, 'X', "-#0", true},
    {'c', Takes::whole, 'c', "-", false},       {'e', Takes::fraction, 'e', "-+#0 ", true},
    {'E', Takes::fraction, 'E', "-+#0 ", true}, {'f', Takes::fraction, 'f', "-+#0 ", true},
    {'g', Takes::fraction, 'g', "-+#0 ", true}, {'G', Takes::fraction, 'G', "-+#0 ", true},
    {'s', Takes::text, 's', "-", true},
};

const Conversion* conversion(char letter) {
  for (const Conversion& one : kConversions)
    if (one.letter == letter) return &one;
  return nullptr;
}

// The argument as a whole number, its fraction cut off; what is none stays, for an error.
void make_whole(lua_State* state, int index) {
  if (lua_isinteger(state, index) || !lua_isnumber(state, index)) return;
  int is_integer = 0;
  lua_Integer whole = lua_tointegerx(state, index, &is_integer);  // also of a string
  const lua_Number number = std::trunc(lua_tonumber(state, index));
  if (!is_integer && !lua_numbertointeger(number, &whole)) return;
  lua_pushinteger(state, whole);
  lua_replace(state, index);
}

// Appends `spec`, the flags, width and precision of a conversion, without what Lua 5.4 refuses.
void append_spec(std::string& out, std::string_view spec, const Conversion& known) {
  const std::size_t flags = std::min(spec.find_first_not_of("-+ #0"), spec.size());
  for (const char flag : spec.substr(0, flags))
    if (known.flags.find(flag) != known.flags.npos) out += flag;
  out += spec.substr(flags, known.precision ? spec.npos : spec.find('.', flags) - flags);
}

int format(lua_State* state) {
  const std::string_view text = to_view(state, 1);
  const int arguments = lua_gettop(state);
  std::string of54;
  std::size_t done = 0;
  int argument = 1;
  for (std::size_t at = text.find('%'); at < text.size(); at = text.find('%', done)) {
    const std::size_t letter = std::min(text.find_first_not_of("-+ #0123456789.", at + 1), text.size());
    of54.append(text, done, at + 1 - done);
    done = std::min(letter + 1, text.size());
    const std::string_view spec = text.substr(at + 1, letter - at - 1);
    const char kind = letter < text.size() ? text[letter] : '\0';
    if (kind != '%') ++argument;
    const bool given = kind != '%' && argument <= arguments;
    if (const Conversion* known = conversion(kind)) {
      if (given && known->takes == Takes::whole) make_whole(state, argument);
      append_spec(of54, spec, *known);
      of54 += known->written;
    } else {
      if (kind == 'q' && given) lua_tostring(state, argument);  // a number, too, is quoted
      if (kind != 'q') of54 += spec;
      of54.append(text, letter, done - letter);
    }
  }
  if (!of54.empty()) {
    push(state, of54.append(text, done));
    lua_replace(state, 1);
  }
  return charge_results(state, lua_tocfunction(state, lua_upvalueindex(1))(state));
}

// os.date([format [, time]]); as tables it is the library's own.
int date(lua_State* state) {
  std::string_view text = lua_isnoneornil(state, 1) ? "%c" : to_view(state, 1);
  if (!lua_isnoneornil(state, 2)) {
    luaL_checknumber(state, 2);
    make_whole(state, 2);
  }
  if (text.starts_with("*t") || text.starts_with("!*t")) return lua_tocfunction(state, lua_upvalueindex(1))(state);
  const std::time_t time = lua_isnoneornil(state, 2) ? std::time(nullptr) : luaL_checkinteger(state, 2);
  std::tm parts{};
  if (!(text.starts_with('!') ? gmtime_r(&time, &parts) : localtime_r(&time, &parts))) {
    return luaL_error(state, "date result cannot be represented in this installation");
  }
  if (text.starts_with('!')) text.remove_prefix(1);
  std::string out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('%'), text.size());
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t letter = std::min(text.find_first_not_of("EO_-0^#", 1), text.size() - 1);
    const std::string one(text.substr(0, letter + 1));
    char piece[256];
    out.append(piece, std::strftime(piece, sizeof piece, one.c_str(), &parts));
    text.remove_prefix(one.size());
  }
  push(state, out);
  return charge_results(state, 1);
}

constexpr Replacement kRows[] = {{LUA_STRLIBNAME, "format", format}, {LUA_OSLIBNAME, "date", date}};

}  // namespace

void open_text51(lua_State* state) {
  replace(state, kRows);
}

}  // namespace dunlin::lua
