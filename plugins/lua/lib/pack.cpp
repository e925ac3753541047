// SPDX-License-Identifier: Apache-2.0
// mix.php_pack: as PHP's pack().
#include <algorithm>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/lib/pack_codes.h"

namespace dunlin::lua {
namespace {

constexpr std::size_t kMost = 16 * 1024 * 1024;  // bytes of a result

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

class Packer {
 public:
  Packer(lua_State* state, std::string& out, std::string& error)
      : state_(state), out_(out), error_(error), last_(lua_gettop(state)) {}

  bool pack(const PackItem& item) {
    switch (item.code->kind) {
      case PackKind::text:
        return text(item);
      case PackKind::hex:
        return hex_digits(item);
      case PackKind::place:
        return place(item);
      default:
        return numbers(item);
    }
  }

 private:
  bool refuse(const PackItem& item, std::string_view why) {
    error_ = std::string("format '") + item.code->letter + "': " + std::string(why);
    return false;
  }

  bool room(const PackItem& item, std::int64_t wanted) {
    const bool fits = wanted >= 0 && static_cast<std::size_t>(wanted) <= kMost - std::min(kMost, out_.size());
    return fits || refuse(item, "the result is over 16 MiB");
  }

  // The next argument as text; numbers count as their digits.
  bool take_text(const PackItem& item, std::string_view& value) {
    if (next_ > last_) return refuse(item, "there are not enough arguments");
    std::size_t size = 0;
    const char* data = lua_isstring(state_, next_) ? lua_tolstring(state_, next_, &size) : nullptr;
    if (!data) return refuse(item, "argument " + std::to_string(next_ - 1) + " is no string");
    value = {data, size};
    ++next_;
    return true;
  }

  bool text(const PackItem& item) {
    std::string_view value;
    if (!take_text(item, value)) return false;
    const char letter = item.code->letter;
    std::int64_t size = item.count == PackItem::kNone ? 1 : item.count;
    if (size == PackItem::kAll) size = static_cast<std::int64_t>(value.size()) + (letter == 'Z' ? 1 : 0);
    if (!room(item, size)) return false;
    const auto width = static_cast<std::size_t>(size);
    const std::size_t most = letter == 'Z' && width > 0 ? width - 1 : width;
    value = value.substr(0, most);
    out_ += value;
    out_.append(width - value.size(), letter == 'A' ? ' ' : '\0');
    return true;
  }

  bool hex_digits(const PackItem& item) {
    std::string_view value;
    if (!take_text(item, value)) return false;
    const auto all = static_cast<std::int64_t>(value.size());
    const std::int64_t wanted = item.count == PackItem::kNone ? 1 : item.count == PackItem::kAll ? all : item.count;
    const std::int64_t count = std::min(wanted, all);
    std::string bytes(static_cast<std::size_t>(count + 1) / 2, '\0');
    const bool high_first = item.code->letter == 'H';
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const int digit = nibble(value[i]);
      if (digit < 0) return refuse(item, "a character is no hex digit");
      const bool high = (i % 2 == 0) == high_first;
      bytes[i / 2] = static_cast<char>(bytes[i / 2] | (high ? digit << 4 : digit));
    }
    out_ += bytes;
    return true;
  }

  bool numbers(const PackItem& item) {
    const std::int64_t left = last_ - next_ + 1;
    const std::int64_t count = item.count == PackItem::kNone ? 1 : item.count == PackItem::kAll ? left : item.count;
    if (count > left) return refuse(item, "there are not enough arguments");
    for (std::int64_t i = 0; i < count; ++i) {
      if (!number(item)) return false;
      ++next_;
    }
    return true;
  }

  // A float loses its fraction where a whole number is wanted, and text that is a number counts as it, as in PHP.
  bool number(const PackItem& item) {
    if (!lua_isnumber(state_, next_)) return refuse(item, "argument " + std::to_string(next_ - 1) + " is no number");
    if (item.code->kind == PackKind::real) return out_ += pack_real(*item.code, lua_tonumber(state_, next_)), true;
    int whole = 0;
    lua_Integer value = lua_tointegerx(state_, next_, &whole);
    if (!whole) {
      const lua_Number number = lua_tonumber(state_, next_);
      if (!(number > -9.2e18 && number < 9.2e18)) return refuse(item, "a number is over 64 bits");
      value = static_cast<lua_Integer>(number);
    }
    return out_ += pack_whole(*item.code, value), true;
  }

  bool place(const PackItem& item) {
    const std::int64_t count = item.count < 0 ? 1 : item.count;  // of '*' nothing is made, as in PHP
    if (item.code->letter == 'X') {
      out_.resize(out_.size() - std::min(out_.size(), static_cast<std::size_t>(count)));
      return true;
    }
    const auto before = static_cast<std::int64_t>(item.code->letter == '@' ? 0 : out_.size());
    if (before + count > static_cast<std::int64_t>(kMost)) return refuse(item, "the result is over 16 MiB");
    out_.resize(static_cast<std::size_t>(before + count), '\0');
    return true;
  }

  lua_State* state_;
  std::string& out_;
  std::string& error_;
  int last_, next_ = 2;
};

int php_pack(lua_State* state) {
  std::string_view format = to_view(state, 1);
  std::string out, error;
  Packer packer(state, out, error);
  while (!format.empty()) {
    PackItem item;
    const std::size_t before = out.size();
    if (!take_item(format, item, error) || !packer.pack(item)) return fail_with(state, "php_pack: " + error);
    charge(state, 1 + cost_of_bytes(out.size() - std::min(before, out.size())));
  }
  push(state, out);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"php_pack", php_pack}, {"php_unpack", php_unpack}, {nullptr, nullptr}};

}  // namespace

void open_mix_pack(lua_State* state) { luaL_setfuncs(state, kFunctions, 0); }

}  // namespace dunlin::lua
