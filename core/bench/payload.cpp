// SPDX-License-Identifier: Apache-2.0
#include "core/bench/payload.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace dunlin::bench {
namespace {

constexpr std::string_view kBegin = "<~", kEnd = "~>";
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t kHead = 2 + 8 + 1 + 12 + 1 + 12 + 1;

bool pattern_holds(std::string_view pattern, std::uint64_t message) {
  std::size_t at = static_cast<std::size_t>(message % kAlphabet.size());
  while (!pattern.empty()) {
    const std::string_view expected = kAlphabet.substr(at, pattern.size());
    if (!pattern.starts_with(expected)) return false;
    pattern.remove_prefix(expected.size());
    at = 0;
  }
  return true;
}

template <class Integer>
bool read(std::string_view text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string make_payload(const Stamp& stamp, std::size_t size) {
  std::string out = fmt::format("{}{:08x}:{:012x}:{:012x}:", kBegin, stamp.channel, stamp.number, stamp.message);
  for (std::size_t at = static_cast<std::size_t>(stamp.message % kAlphabet.size()); out.size() + 2 < size; at = 0)
    out += kAlphabet.substr(at, size - 2 - out.size());
  return out.append(kEnd);
}

std::optional<Found> next_payload(std::string_view& text, std::size_t size) {
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  Found found;
  if (text.size() < size) {
    text = {};
    return found;
  }
  const std::string_view all = text.substr(0, size);
  text.remove_prefix(size);
  found.whole = read(all.substr(2, 8), found.stamp.channel) && read(all.substr(11, 12), found.stamp.number) &&
                read(all.substr(24, 12), found.stamp.message) && all.ends_with(kEnd) &&
                all[10] == ':' && all[23] == ':' && all[36] == ':' &&
                pattern_holds(all.substr(kHead, size - kHead - 2), found.stamp.message);
  return found;
}

}  // namespace dunlin::bench
