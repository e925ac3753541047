// SPDX-License-Identifier: Apache-2.0
// The messages of a run. Each names its channel and its number in the channel and in the run; the rest is a pattern
// that depends on the number, so that a receiver can tell whether one came once, in order and whole, whatever the
// protocol wraps it in:
//
//   <~CCCCCCCC:NNNNNNNNNNNN:MMMMMMMMMMMM:pattern…~>       numbers in hexadecimal
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin::bench {

inline constexpr std::size_t kSmallestMessage = 40;

struct Stamp {
  std::uint32_t channel = 0;
  std::uint64_t number = 0;   // in its channel
  std::uint64_t message = 0;  // in the run
};

// ASCII without quotes, backslashes, control characters. REQUIRES: size >= kSmallestMessage
std::string make_payload(const Stamp& stamp, std::size_t size);

// The first message in `text`, which is cut off behind it; nothing: there is none. `whole` is false when a byte is
// wrong, missing or too many.
struct Found {
  Stamp stamp;
  bool whole = false;
};
std::optional<Found> next_payload(std::string_view& text, std::size_t size);

}  // namespace dunlin::bench
