// SPDX-License-Identifier: Apache-2.0
// A pattern is read as it is matched, item by item, and goes back where something did not fit. So it is only malformed for
// who comes to the place, and its depth counts as Lua counts it: scripts see the errors that they know.
#include "plugins/lua/lib/pattern.h"

#include <cstring>
#include <utility>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/pattern_class.h"

namespace dunlin::lua {
namespace {

unsigned char byte_at(const char* at) { return static_cast<unsigned char>(*at); }

bool is_special(char letter) { return letter == 'b' || letter == 'f' || (letter >= '0' && letter <= '9'); }

// Each byte may be compared with all of the set. What a usual one costs is in the step that it is part of.
std::size_t cost_of_set(const char* set, const char* after) { return static_cast<std::size_t>(after - set) / 32; }

}  // namespace

void Matcher::settle() { charge(state_, std::exchange(spent_, 0)); }

// What may be malformed is no reason to skip a place: the error would not be seen.
int Matcher::first_byte() const {
  if (pattern_ == pattern_end_) return kAnyByte;
  const char* item = pattern_;
  if (*item == '%') {
    const bool letter = (traits::kOfByte[byte_at(item + 1)] & traits::word) != 0;
    if (item[1] == 'b' && pattern_end_ - item >= 4) return byte_at(item + 2);
    if (letter || item + 1 == pattern_end_) return kAnyByte;
    ++item;
  } else if (std::strchr("().[$", *item)) {  // also a NUL
    return kAnyByte;
  }
  const char behind = item[1];
  return behind == '*' || behind == '?' || behind == '-' ? kAnyByte : byte_at(item);
}

const char* Matcher::find_first_byte(const char* start) {
  const auto left = static_cast<std::size_t>(subject_end_ - start);
  const auto* found = static_cast<const char*>(std::memchr(start, first_byte_, left));
  if (!found) found = subject_end_;
  spend(cost_of_bytes(static_cast<std::size_t>(found - start)));
  return found;
}

const char* Matcher::follow(const char* at, const char* item) {
  if (depth_ == kDepth) luaL_error(state_, "pattern too complex");
  ++depth_;
  at = walk(at, item);
  --depth_;
  return at;
}

const char* Matcher::walk(const char* at, const char* item) {
  while (item != pattern_end_) {
    spend(1);
    if (*item == '(') return open(at, item);
    if (*item == ')') return close(at, item + 1);
    if (*item == '$' && item + 1 == pattern_end_) return at == subject_end_ ? at : nullptr;
    if (*item == '%' && is_special(item[1])) {
      at = special(at, item);
      if (!at) return nullptr;
      continue;
    }
    const char* after = end_of_single(item);
    if (!fits(at, item, after)) {
      if (*after != '*' && *after != '?' && *after != '-') return nullptr;
      item = after + 1;
      continue;
    }
    switch (*after) {
      case '*':
        return longest(at, item, after);
      case '+':
        return longest(at + 1, item, after);
      case '-':
        return shortest(at, item, after);
      case '?':
        if (const char* end = follow(at + 1, after + 1)) return end;
        item = after + 1;
        break;
      default:
        ++at;
        item = after;
    }
  }
  return at;
}

const char* Matcher::special(const char* at, const char*& item) {
  const char kind = item[1];
  item += 2;
  if (kind == 'b') {
    at = balanced(at, item);
    item += 2;
    return at;
  }
  if (kind != 'f') return captured_again(at, kind);
  if (*item != '[') luaL_error(state_, "missing '[' after '%%f' in pattern");
  const char* set = item;
  item = end_of_single(set);
  // Before the first byte there is a NUL, and so there is behind the last.
  const unsigned char before = at == subject_ ? 0 : byte_at(at - 1);
  return !in_set(before, set, item - 1) && in_set(byte_at(at), set, item - 1) ? at : nullptr;
}

// Behind the item of a single byte, without what says how often.
const char* Matcher::end_of_single(const char* item) {
  const char* at = item + 1;
  if (*item == '%') {
    if (at == pattern_end_) luaL_error(state_, "malformed pattern (ends with '%%')");
    return at + 1;
  }
  if (*item != '[') return at;
  if (*at == '^') ++at;
  do {  // what comes first is of the set, also a ']'
    if (at == pattern_end_) luaL_error(state_, "malformed pattern (missing ']')");
    if (*at++ == '%' && at != pattern_end_) ++at;
  } while (*at != ']');
  spend(cost_of_set(item, at));
  return at + 1;
}

bool Matcher::fits(const char* at, const char* item, const char* after) {
  if (at == subject_end_) return false;
  switch (*item) {
    case '.':
      return true;
    case '%':
      return in_class(byte_at(at), byte_at(item + 1));
    case '[':
      spend(cost_of_set(item, after));
      return in_set(byte_at(at), item, after - 1);
    default:
      return *item == *at;
  }
}

// Behind the longest run of bytes that fit.
const char* Matcher::run_of(const char* at, const char* item, const char* after) {
  const char* begin = at;
  const auto run = [&](auto fit) {
    while (at != subject_end_ && fit(byte_at(at))) ++at;
  };
  if (*item == '.') {
    at = subject_end_;
  } else if (*item == '%') {
    run([letter = byte_at(item + 1)](unsigned char byte) { return in_class(byte, letter); });
  } else if (*item != '[') {
    run([wanted = byte_at(item)](unsigned char byte) { return byte == wanted; });
  } else if (const std::size_t cost = cost_of_set(item, after); cost > 0) {
    for (; fits(at, item, after); ++at) {}
  } else {
    run([item, last = after - 1](unsigned char byte) { return in_set(byte, item, last); });
  }
  spend(cost_of_bytes(static_cast<std::size_t>(at - begin)));
  return at;
}

const char* Matcher::longest(const char* at, const char* item, const char* after) {
  for (const char* last = run_of(at, item, after);; --last) {
    if (const char* end = follow(last, after + 1)) return end;
    if (last == at) return nullptr;
    spend(1);
  }
}

const char* Matcher::shortest(const char* at, const char* item, const char* after) {
  for (;; ++at) {
    if (const char* end = follow(at, after + 1)) return end;
    if (!fits(at, item, after)) return nullptr;
    spend(1);
  }
}

const char* Matcher::balanced(const char* at, const char* item) {
  if (pattern_end_ - item < 2) luaL_error(state_, "malformed pattern (missing arguments to '%%b')");
  if (at == subject_end_ || *at != *item) return nullptr;
  const char opening = item[0], closing = item[1];
  const char* const begin = at;
  std::size_t nested = 1;
  while (++at != subject_end_) {
    if (*at == closing) {
      if (--nested == 0) break;
    } else if (*at == opening) {
      ++nested;
    }
  }
  spend(cost_of_bytes(static_cast<std::size_t>(at - begin)));
  return at == subject_end_ ? nullptr : at + 1;
}

const char* Matcher::open(const char* at, const char* item) {
  const bool position = item[1] == ')';
  if (level_ == kCaptures) luaL_error(state_, "too many captures");
  captures_[level_++] = {at, position ? kPosition : kUnfinished};
  const char* end = follow(at, item + (position ? 2 : 1));
  if (!end) --level_;
  return end;
}

const char* Matcher::close(const char* at, const char* item) {
  int index = level_ - 1;
  while (index >= 0 && captures_[index].size != kUnfinished) --index;
  if (index < 0) luaL_error(state_, "invalid pattern capture");
  Capture& capture = captures_[index];
  capture.size = at - capture.begin;
  const char* end = follow(at, item);
  if (!end) capture.size = kUnfinished;
  return end;
}

const char* Matcher::captured_again(const char* at, char digit) {
  const int index = digit - '1';
  if (index < 0 || index >= level_ || captures_[index].size == kUnfinished) {
    luaL_error(state_, "invalid capture index %%%d", index + 1);
  }
  const Capture& capture = captures_[index];
  if (capture.size < 0 || capture.size > subject_end_ - at) return nullptr;  // a position is no text
  const auto size = static_cast<std::size_t>(capture.size);
  spend(cost_of_bytes(size));
  return std::memcmp(capture.begin, at, size) == 0 ? at + size : nullptr;
}

void Matcher::push_capture(int index, const char* start, const char* end) {
  if (index >= level_) {
    if (index != 0) luaL_error(state_, "invalid capture index %%%d", index + 1);
    lua_pushlstring(state_, start, static_cast<std::size_t>(end - start));
    return;
  }
  const Capture& capture = captures_[index];
  if (capture.size == kUnfinished) luaL_error(state_, "unfinished capture");
  if (capture.size == kPosition) return lua_pushinteger(state_, capture.begin - subject_ + 1);
  lua_pushlstring(state_, capture.begin, static_cast<std::size_t>(capture.size));
}

int Matcher::push_captures(const char* start, const char* end) {
  const int count = level_ == 0 && start ? 1 : level_;
  luaL_checkstack(state_, count, "too many captures");
  for (int i = 0; i < count; ++i) push_capture(i, start, end);
  return count;
}

}  // namespace dunlin::lua
