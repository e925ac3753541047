// SPDX-License-Identifier: Apache-2.0
// Durations and sizes: a number and a unit, nothing else.
#include <array>
#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "core/config/loader.h"

namespace dunlin {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurations = {{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 5> kSizes = {{{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}}};

template <std::size_t N>
Result<std::uint64_t> parse(const std::string& text, const std::array<Unit, N>& units, const char* right) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return fail(Errc::bad_input, fmt::format("\"{}\" is no {}", text, right));
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& known : units)
    if (known.name == unit) {
      if (number > std::numeric_limits<std::int64_t>::max() / known.factor)
        return fail(Errc::bad_input, fmt::format("\"{}\" is too big", text));
      return number * known.factor;
    }
  if (unit.empty()) return fail(Errc::bad_input, fmt::format("\"{0}\" has no unit; write {0}s", text));
  return fail(Errc::bad_input, fmt::format("\"{}\" has an unknown unit; write a {}", text, right));
}

}  // namespace

Result<Millis> parse_duration(const std::string& text) {
  const auto ms = parse(text, kDurations, "duration such as 500ms, 10s, 5m, 1h or 1d");
  if (!ms) return ms.error();
  return Millis{static_cast<std::int64_t>(*ms)};
}

Result<std::uint64_t> parse_size(const std::string& text) {
  return parse(text, kSizes, "size such as 512, 64KiB, 1MiB or 2GiB");
}

}  // namespace dunlin
