// SPDX-License-Identifier: Apache-2.0
// Classes of bytes in patterns, %a and [a-z]: those of the "C" locale, which no script can change.
#pragma once

#include <array>
#include <cstdint>

namespace dunlin::lua {

namespace traits {

enum : std::uint16_t {
  lower = 1,
  upper = 2,
  digit = 4,
  space = 8,
  control = 16,
  punctuation = 32,
  hex = 64,
  zero = 128,
  letter = lower | upper,
  word = letter | digit,
  visible = word | punctuation
};

constexpr std::uint16_t of_byte(int byte) {
  unsigned found = 0;
  if (byte >= 'a' && byte <= 'z') found |= lower;
  if (byte >= 'A' && byte <= 'Z') found |= upper;
  if (byte >= '0' && byte <= '9') found |= digit;
  if (byte == ' ' || (byte >= '\t' && byte <= '\r')) found |= space;
  if (byte < 32 || byte == 127) found |= control;
  if (byte > 32 && byte < 127 && (found & word) == 0) found |= punctuation;
  if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F')) found |= hex;
  if (byte == 0) found |= zero;
  return static_cast<std::uint16_t>(found);
}

// Of the letter behind a '%'; 0: it stands for itself.
constexpr std::uint16_t of_letter(int letter_of_class) {
  switch (letter_of_class >= 'A' && letter_of_class <= 'Z' ? letter_of_class + 32 : letter_of_class) {
    case 'a': return letter;
    case 'c': return control;
    case 'd': return digit;
    case 'g': return visible;
    case 'l': return lower;
    case 'p': return punctuation;
    case 's': return space;
    case 'u': return upper;
    case 'w': return word;
    case 'x': return hex;
    case 'z': return zero;
    default: return 0;
  }
}

template <class Of>
constexpr std::array<std::uint16_t, 256> table(Of of) {
  std::array<std::uint16_t, 256> all{};
  for (int i = 0; i < 256; ++i) all[static_cast<std::size_t>(i)] = of(i);
  return all;
}

inline constexpr auto kOfByte = table(of_byte);
inline constexpr auto kOfLetter = table(of_letter);

}  // namespace traits

// Is `byte` of the class %letter?
inline bool in_class(unsigned char byte, unsigned char letter) {
  const unsigned wanted = traits::kOfLetter[letter];
  if (wanted == 0) return byte == letter;
  const bool capital = letter < 'a';  // the complement
  return ((traits::kOfByte[byte] & wanted) != 0) != capital;
}

// Is `byte` of the set [...]? `set` is at its '[', `last` at its ']'.
inline bool in_set(unsigned char byte, const char* set, const char* last) {
  const bool wanted = set[1] != '^';
  for (const char* at = set + (wanted ? 1 : 2); at < last; ++at) {
    const auto first = static_cast<unsigned char>(*at);
    if (first == '%') {
      if (in_class(byte, static_cast<unsigned char>(*++at))) return wanted;
    } else if (at[1] == '-' && at + 2 < last) {
      at += 2;
      if (first <= byte && byte <= static_cast<unsigned char>(*at)) return wanted;
    } else if (first == byte) {
      return wanted;
    }
  }
  return !wanted;
}

}  // namespace dunlin::lua
