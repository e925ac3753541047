// SPDX-License-Identifier: Apache-2.0
// The codes of PHP's pack and unpack, and how each number lies in bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin::lua {

enum class PackKind : std::uint8_t { text, hex, whole, real, place };

struct PackCode {
  char letter;
  PackKind kind;
  std::uint8_t size;  // of a number, in bytes
  bool big_endian;
  bool is_signed;
};

const PackCode* pack_code(char letter);

// A number as `code` writes it, and back.
std::string pack_whole(const PackCode& code, std::int64_t value);
std::int64_t unpack_whole(const PackCode& code, std::string_view bytes);
std::string pack_real(const PackCode& code, double value);
double unpack_real(const PackCode& code, std::string_view bytes);

// A letter, and how often: a number, kAll for '*', kNone where nothing is written.
struct PackItem {
  static constexpr std::int64_t kAll = -1, kNone = -2;
  const PackCode* code = nullptr;
  std::int64_t count = kNone;
};
// Takes the next item off `format`; false, and why, where there is none.
bool take_item(std::string_view& format, PackItem& item, std::string& error);

}  // namespace dunlin::lua
