// SPDX-License-Identifier: Apache-2.0
// Matcher: patterns of Lua 5.4, with its results, errors and limits, but each step is charged to the run's budget. The
// library's own can take longer than the universe for a pattern of a hundred bytes, and nothing interrupts it.
#pragma once

#include <cstddef>
#include <string_view>

#include <lua.hpp>

namespace dunlin::lua {

class Matcher {
 public:
  // REQUIRES: both are strings of Lua (a NUL follows them) that live as long as this
  Matcher(lua_State* state, std::string_view subject, std::string_view pattern)
      : state_(state),
        subject_(subject.data()),
        subject_end_(subject.data() + subject.size()),
        pattern_(pattern.data()),
        pattern_end_(pattern.data() + pattern.size()),
        first_byte_(first_byte()) {}
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // Where the match that begins at `start` ends; nullptr: there is none. What it has captured holds until the next call.
  // Raises on a malformed pattern, as soon as it gets to what is wrong with it.
  const char* match(const char* start) {
    level_ = 0;
    return follow(start, pattern_);
  }
  // The first place from `start` on that a match could begin at; where there is none, the end of the subject.
  const char* skip(const char* start) {
    return first_byte_ == kAnyByte ? start : find_first_byte(start);
  }

  // Pushes what the match [start, end) captured: all of it where the pattern captures nothing, or, without a `start`,
  // nothing. Returns how many.
  int push_captures(const char* start, const char* end);
  // Pushes capture `index` (from 0), of which 0 stands for the match where the pattern captures nothing.
  void push_capture(int index, const char* start, const char* end);

  // Charges the steps that have not been yet. To be called when the work is done.
  void settle();

 private:
  static constexpr int kAnyByte = -1;
  static constexpr int kDepth = 200;     // matches within each other: "pattern too complex" beyond it
  static constexpr int kCaptures = 32;
  static constexpr int kFuel = 1000;     // steps between two charges
  static constexpr std::ptrdiff_t kUnfinished = -1, kPosition = -2;  // of Capture::size

  struct Capture {
    const char* begin;
    std::ptrdiff_t size;
  };

  void spend(std::size_t steps) {
    spent_ += steps;
    if (spent_ >= kFuel) settle();
  }

  int first_byte() const;
  const char* find_first_byte(const char* start);
  // Each gives where a match of what is at `item`, and of all that follows, ends.
  const char* follow(const char* at, const char* item);
  const char* walk(const char* at, const char* item);
  const char* longest(const char* at, const char* item, const char* after);
  const char* shortest(const char* at, const char* item, const char* after);
  const char* open(const char* at, const char* item);
  const char* close(const char* at, const char* item);
  // Each gives where a match of this item alone ends.
  const char* balanced(const char* at, const char* item);
  const char* captured_again(const char* at, char digit);
  const char* special(const char* at, const char*& item);  // one of %b, %f, %1; `item` goes behind it
  const char* run_of(const char* at, const char* item, const char* after);

  bool fits(const char* at, const char* item, const char* after);
  const char* end_of_single(const char* item);

  lua_State* state_;
  const char *subject_, *subject_end_, *pattern_, *pattern_end_;
  int first_byte_;  // with which every match begins, as far as the pattern's first item tells; or kAnyByte
  int depth_ = 0;
  int level_ = 0;  // captures that are open or done
  std::size_t spent_ = 0;
  Capture captures_[kCaptures];
};

}  // namespace dunlin::lua
