// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/abi_text.h"

#include <fmt/format.h>

namespace dunlin {

std::string one_line(std::string_view text) {
  constexpr std::size_t kMost = 8 * 1024;
  if (text.size() > kMost) {
    std::size_t end = kMost;
    while (end > kMost - 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // between two characters
    return fmt::format("{} … ({} bytes)", one_line(text.substr(0, end)), text.size());
  }
  const bool readable = is_utf8(text);
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += ' ';
    } else if (byte < ' ' || byte == 0x7f || (!readable && byte >= 0x80)) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  return line;
}

std::string status_name(dunlin_status status) {
  struct Name {
    dunlin_status status;
    const char* name;
  };
  constexpr Name kNames[] = {
      {DUNLIN_OK, "OK"},
      {DUNLIN_E_INVALID, "E_INVALID"},
      {DUNLIN_E_GONE, "E_GONE"},
      {DUNLIN_E_THREAD, "E_THREAD"},
      {DUNLIN_E_FULL, "E_FULL"},
      {DUNLIN_E_NOT_FOUND, "E_NOT_FOUND"},
      {DUNLIN_E_TIMEOUT, "E_TIMEOUT"},
      {DUNLIN_E_UNAVAILABLE, "E_UNAVAILABLE"},
      {DUNLIN_E_NO_MEMORY, "E_NO_MEMORY"},
      {DUNLIN_E_DENIED, "E_DENIED"},
      {DUNLIN_E_FAILED, "E_FAILED"},
  };
  for (const Name& row : kNames)
    if (row.status == status) return row.name;
  return fmt::format("status {}", status);
}

}  // namespace dunlin
