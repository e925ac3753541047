// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <limits>

#include "plugins/http-auth/settings.h"

namespace dunlin::http_auth {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 4> kTime{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 3> kSize{{{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}}};

// Nothing: not digits and one of the units, or more than 64 bits hold.
template <std::size_t N>
std::optional<std::int64_t> parse_amount(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '-') return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) { return parse_amount(text, kTime); }
std::optional<std::int64_t> parse_size(std::string_view text) { return parse_amount(text, kSize); }

}  // namespace dunlin::http_auth
