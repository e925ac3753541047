// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/lib/pack_codes.h"

#include <algorithm>
#include <cstring>

namespace dunlin::lua {
namespace {

constexpr bool kBig = std::endian::native == std::endian::big;

constexpr PackCode kCodes[] = {
    {'a', PackKind::text, 1, false, false},   {'A', PackKind::text, 1, false, false},
    {'Z', PackKind::text, 1, false, false},   {'h', PackKind::hex, 1, false, false},
    {'H', PackKind::hex, 1, false, false},    {'c', PackKind::whole, 1, false, true},
    {'C', PackKind::whole, 1, false, false},  {'s', PackKind::whole, 2, kBig, true},
    {'S', PackKind::whole, 2, kBig, false},   {'n', PackKind::whole, 2, true, false},
    {'v', PackKind::whole, 2, false, false},  {'i', PackKind::whole, 4, kBig, true},
    {'I', PackKind::whole, 4, kBig, false},   {'l', PackKind::whole, 4, kBig, true},
    {'L', PackKind::whole, 4, kBig, false},   {'N', PackKind::whole, 4, true, false},
    {'V', PackKind::whole, 4, false, false},  {'q', PackKind::whole, 8, kBig, true},
    {'Q', PackKind::whole, 8, kBig, false},   {'J', PackKind::whole, 8, true, false},
    {'P', PackKind::whole, 8, false, false},  {'f', PackKind::real, 4, kBig, true},
    {'g', PackKind::real, 4, false, true},    {'G', PackKind::real, 4, true, true},
    {'d', PackKind::real, 8, kBig, true},     {'e', PackKind::real, 8, false, true},
    {'E', PackKind::real, 8, true, true},     {'x', PackKind::place, 1, false, false},
    {'X', PackKind::place, 1, false, false},  {'@', PackKind::place, 1, false, false}};

std::string bytes_of(std::uint64_t bits, std::size_t size, bool big_endian) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    out[big_endian ? size - 1 - i : i] = static_cast<char>(bits & 0xFF);
    bits >>= 8;
  }
  return out;
}

std::uint64_t bits_of(std::string_view bytes, bool big_endian) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bits = bits << 8 | static_cast<unsigned char>(bytes[big_endian ? i : bytes.size() - 1 - i]);
  }
  return bits;
}

}  // namespace

const PackCode* pack_code(char letter) {
  for (const PackCode& code : kCodes) {
    if (code.letter == letter) return &code;
  }
  return nullptr;
}

std::string pack_whole(const PackCode& code, std::int64_t value) {
  return bytes_of(static_cast<std::uint64_t>(value), code.size, code.big_endian);
}

std::int64_t unpack_whole(const PackCode& code, std::string_view bytes) {
  const std::uint64_t bits = bits_of(bytes.substr(0, code.size), code.big_endian);
  const unsigned unused = 64 - 8u * code.size;
  if (!code.is_signed) return static_cast<std::int64_t>(bits);
  return static_cast<std::int64_t>(bits << unused) >> unused;
}

std::string pack_real(const PackCode& code, double value) {
  if (code.size == 8) return bytes_of(std::bit_cast<std::uint64_t>(value), 8, code.big_endian);
  return bytes_of(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4, code.big_endian);
}

double unpack_real(const PackCode& code, std::string_view bytes) {
  const std::uint64_t bits = bits_of(bytes.substr(0, code.size), code.big_endian);
  if (code.size == 8) return std::bit_cast<double>(bits);
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

bool take_item(std::string_view& format, PackItem& item, std::string& error) {
  constexpr std::int64_t kMost = 1'000'000'000;
  item = {pack_code(format.front()), PackItem::kNone};
  if (!item.code) return error = std::string("there is no format '") + format.front() + "'", false;
  format.remove_prefix(1);
  if (format.starts_with('*')) {
    format.remove_prefix(1);
    item.count = PackItem::kAll;
    return true;
  }
  while (!format.empty() && format.front() >= '0' && format.front() <= '9') {
    item.count = std::max<std::int64_t>(item.count, 0) * 10 + (format.front() - '0');
    if (item.count > kMost) {
      error = std::string("the repeater of '") + item.code->letter + "' is too large";
      return false;
    }
    format.remove_prefix(1);
  }
  return true;
}

}  // namespace dunlin::lua
