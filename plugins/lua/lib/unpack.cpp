// SPDX-License-Identifier: Apache-2.0
// mix.php_unpack: as PHP's unpack(): "Nlength/a4tag" gives a table with the fields length and tag.
#include <algorithm>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"
#include "plugins/lua/lib/pack_codes.h"

namespace dunlin::lua {
namespace {

class Unpacker {
 public:
  // REQUIRES: the table to fill is on top of the stack
  Unpacker(lua_State* state, std::string_view data, std::string& error) : state_(state), data_(data), error_(error) {}

  bool unpack(const PackItem& item, std::string_view name) {
    name_ = name;
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

  std::size_t left() const { return data_.size() - at_; }

  // Stores what is on top: under the name; with a number behind it where there are several; under the number alone.
  void store(std::int64_t index, bool several) {
    if (name_.empty()) return lua_rawseti(state_, -2, index);
    push(state_, several ? std::string(name_) + std::to_string(index) : std::string(name_));
    lua_insert(state_, -2);
    lua_rawset(state_, -3);
  }

  // `count` bytes, or the rest.
  bool take(const PackItem& item, std::int64_t count, std::string_view& bytes) {
    const std::size_t wanted = count == PackItem::kAll ? left() : static_cast<std::size_t>(count);
    if (wanted > left()) {
      return refuse(item, "not enough input, need " + std::to_string(wanted) + ", have " + std::to_string(left()));
    }
    charge(state_, 1 + cost_of_bytes(wanted));
    bytes = data_.substr(at_, wanted);
    at_ += wanted;
    return true;
  }

  bool text(const PackItem& item) {
    std::string_view bytes;
    if (!take(item, item.count == PackItem::kNone ? 1 : item.count, bytes)) return false;
    if (item.code->letter == 'Z') bytes = bytes.substr(0, bytes.find('\0'));
    if (item.code->letter == 'A') {
      bytes = bytes.substr(0, bytes.find_last_not_of(std::string_view("\0\t\r\n ", 5)) + 1);
    }
    push(state_, bytes);
    store(1, false);
    return true;
  }

  bool hex_digits(const PackItem& item) {
    static constexpr char kHex[] = "0123456789abcdef";
    const std::int64_t digits = item.count == PackItem::kNone ? 1 : item.count;
    std::string_view bytes;
    if (!take(item, digits == PackItem::kAll ? PackItem::kAll : (digits + 1) / 2, bytes)) return false;
    std::string out;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      const char high = kHex[byte >> 4], low = kHex[byte & 15];
      out += item.code->letter == 'H' ? high : low;
      out += item.code->letter == 'H' ? low : high;
    }
    if (digits != PackItem::kAll) out.resize(static_cast<std::size_t>(digits));
    push(state_, out);
    store(1, false);
    return true;
  }

  bool numbers(const PackItem& item) {
    const std::int64_t count = item.count == PackItem::kNone ? 1 : item.count;
    for (std::int64_t i = 1; count == PackItem::kAll ? left() >= item.code->size : i <= count; ++i) {
      std::string_view bytes;
      if (!take(item, item.code->size, bytes)) return false;
      if (item.code->kind == PackKind::real) {
        lua_pushnumber(state_, unpack_real(*item.code, bytes));
      } else {
        lua_pushinteger(state_, unpack_whole(*item.code, bytes));
      }
      store(i, count != 1);
    }
    return true;
  }

  bool place(const PackItem& item) {
    const bool absolute = item.code->letter == '@';
    if (item.count == PackItem::kAll) return refuse(item, "it takes no '*'");
    const auto count = static_cast<std::size_t>(item.count == PackItem::kNone ? 1 : item.count);
    if (item.code->letter == 'X') {
      at_ -= std::min(at_, count);
      return true;
    }
    const std::size_t from = absolute ? 0 : at_;
    if (count > data_.size() - from) return refuse(item, "it goes beyond the end");
    at_ = from + count;
    return true;
  }

  lua_State* state_;
  std::string_view data_, name_;
  std::string& error_;
  std::size_t at_ = 0;
};

}  // namespace

int php_unpack(lua_State* state) {
  std::string_view format = to_view(state, 1);
  const std::string_view data = to_view(state, 2);
  std::string error;
  lua_settop(state, 2);
  lua_newtable(state);
  Unpacker unpacker(state, data, error);
  while (!format.empty()) {
    PackItem item;
    charge(state, 1);
    if (!take_item(format, item, error)) return fail_with(state, "php_unpack: " + error);
    const std::string_view name = format.substr(0, format.find('/'));
    format.remove_prefix(std::min(format.size(), name.size() + 1));
    if (!unpacker.unpack(item, name)) return fail_with(state, "php_unpack: " + error);
  }
  return 1;
}

}  // namespace dunlin::lua
