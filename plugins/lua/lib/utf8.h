// SPDX-License-Identifier: Apache-2.0
// Whether bytes are UTF-8 (RFC 3629: no surrogates, nothing over U+10FFFF, no overlong forms).
#pragma once

#include <cstddef>
#include <string_view>

namespace dunlin::lua {

// How many bytes the character at the front of `text` takes; 0: it is none.
inline std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&at](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned lead = at(0), next = at(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool bad = (lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F);
    return !bad && tail(1) && tail(2) ? 3 : 0;
  }
  if (lead < 0xF0 || lead > 0xF4) return 0;
  const bool bad = (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F);
  return !bad && tail(1) && tail(2) && tail(3) ? 4 : 0;
}

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace dunlin::lua
