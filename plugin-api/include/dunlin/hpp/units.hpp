// SPDX-License-Identifier: Apache-2.0
// Durations and sizes in settings, as the server's own configuration writes them.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace dunlin::plugin {
namespace detail {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Nothing: not digits and one of the units, or more than 63 bits hold.
template <std::size_t N>
std::optional<std::int64_t> parse_amount(std::string_view text, const Unit (&units)[N]) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(last - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / unit.factor)) return std::nullopt;
    return static_cast<std::int64_t>(number) * unit.factor;
  }
  return std::nullopt;
}

}  // namespace detail

// "500ms", "10s", "5m", "1h", "1d", in milliseconds; nothing: it is none.
inline std::optional<std::int64_t> parse_duration(std::string_view text) {
  constexpr detail::Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  return detail::parse_amount(text, kUnits);
}

// "512", "512B", "64KiB", "1MiB", "2GiB", in bytes; nothing: it is none.
inline std::optional<std::int64_t> parse_size(std::string_view text) {
  constexpr detail::Unit kUnits[] = {{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  return detail::parse_amount(text, kUnits);
}

}  // namespace dunlin::plugin
