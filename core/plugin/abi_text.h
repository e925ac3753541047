// SPDX-License-Identifier: Apache-2.0
// Strings across the ABI: what a module passes is looked at before it is used, what it is handed has its size with it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "dunlin/dunlin.h"

namespace dunlin {

// What no module means: a size that was computed below zero, or never set.
inline constexpr std::size_t kMostBytes = std::size_t{1} << 30;

// A size without data, or over any bound, is no string. Nothing else can be told from here: the module vouches for the bytes.
inline bool sound(const dunlin_str& text) { return text.size == 0 || (text.data != nullptr && text.size <= kMostBytes); }

// REQUIRES: sound(text)
inline std::string_view view(const dunlin_str& text) {
  return text.size == 0 ? std::string_view("") : std::string_view(text.data, text.size);
}

inline bool sound_text(const dunlin_str& text) { return sound(text) && is_utf8(view(text)); }

// REQUIRES: NUL-terminated, as the ABI promises of everything that a module is handed.
inline dunlin_str lend(std::string_view text) { return {text.data() ? text.data() : "", text.size()}; }

// Past what any timer can count, "never" and "in a century" are the same.
inline Millis millis(std::uint64_t ms) {
  constexpr std::uint64_t kCentury = 100ull * 366 * 86'400'000;
  return Millis{static_cast<Millis::rep>(std::min(ms, kCentury))};
}

// On one line and in UTF-8, so that no module can forge a line of the log; cut where it would be over 8 KiB.
std::string one_line(std::string_view text);

// "E_TIMEOUT"; a number for what is no status of ours.
std::string status_name(dunlin_status status);

}  // namespace dunlin
