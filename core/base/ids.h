// SPDX-License-Identifier: Apache-2.0
// ClientId: names one connection of the whole cluster, for ever: a stale id finds nothing, never somebody else.
//
//   bit 62 ......... 49 | 48 ... 41 | 40 ........ 21 | 20 ....... 0
//       node (14 bits)  | worker (8)| generation (20)| slot (21)
//
// 63 bits, so that the decimal form is a positive JSON integer everywhere. 0 is no connection: a generation is never 0.
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin {

class ClientId {
 public:
  static constexpr std::uint64_t kMaxSlot = (1u << 21) - 1;
  static constexpr std::uint64_t kMaxGeneration = (1u << 20) - 1;
  static constexpr unsigned kMaxWorkers = 256;
  static constexpr unsigned kMaxNodes = 1u << 14;

  constexpr ClientId() = default;
  constexpr explicit ClientId(std::uint64_t value) : value_(value) {}
  constexpr ClientId(unsigned node, unsigned worker, std::uint64_t generation, std::uint64_t slot)
      : value_(std::uint64_t{node} << 49 | std::uint64_t{worker} << 41 | generation << 21 | slot) {}

  // Digits only, no sign, no space; nothing above 2^63-1.
  static std::optional<ClientId> parse(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value >> 63 != 0) return std::nullopt;
    return ClientId(value);
  }

  constexpr std::uint64_t value() const { return value_; }
  constexpr unsigned node() const { return static_cast<unsigned>(value_ >> 49); }
  constexpr unsigned worker() const { return static_cast<unsigned>(value_ >> 41 & 0xff); }
  constexpr std::uint64_t generation() const { return value_ >> 21 & kMaxGeneration; }
  constexpr std::uint64_t slot() const { return value_ & kMaxSlot; }
  constexpr explicit operator bool() const { return value_ != 0; }
  constexpr bool operator==(const ClientId&) const = default;
  std::string text() const { return std::to_string(value_); }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace dunlin

template <>
struct std::hash<dunlin::ClientId> {
  std::size_t operator()(dunlin::ClientId id) const noexcept { return std::hash<std::uint64_t>{}(id.value()); }
};
