// SPDX-License-Identifier: Apache-2.0
#include "core/config/redis_url.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace dunlin {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2]));
    i += 2;
  }
  return out;
}

template <class Number>
bool number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

Error wrong(const char* what) {
  return fail(Errc::bad_input, std::string(what) + "; write redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS");
}

bool read_login(std::string_view text, RedisServer& out) {
  const std::size_t colon = text.find(':');
  const auto user = decoded(text.substr(0, colon));
  const auto password = decoded(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password) return false;
  out.user = *user;
  out.password = *password;
  return true;
}

bool read_address(std::string_view text, RedisServer& out) {
  std::size_t end = text.starts_with('[') ? text.find(']') : text.find(':');
  if (text.starts_with('[')) {
    if (end == std::string_view::npos) return false;
    out.host = text.substr(1, end - 1);
    ++end;
  } else {
    out.host = text.substr(0, end);
  }
  if (out.host.empty()) return false;
  if (end >= text.size()) return true;
  return text[end] == ':' && number(text.substr(end + 1), out.port) && out.port != 0;
}

}  // namespace

Status parse_redis_url(const std::string& url, RedisServer& out) {
  std::string_view rest = url;
  out.tls = rest.starts_with("rediss://");
  if (!out.tls && !rest.starts_with("redis://")) return wrong("is no Redis URL");
  rest.remove_prefix(out.tls ? 9 : 8);
  if (rest.find_first_of("?#") != std::string_view::npos) return wrong("has parameters, which are not served");
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (!read_login(rest.substr(0, at), out)) return wrong("has a user or password that is not percent-encoded");
    rest.remove_prefix(at + 1);
  }
  const std::size_t slash = rest.find('/');
  if (!read_address(rest.substr(0, slash), out)) return wrong("has no valid host and port");
  if (slash != std::string_view::npos && slash + 1 < rest.size() && !number(rest.substr(slash + 1), out.database))
    return wrong("has a database that is no number");
  return ok();
}

}  // namespace dunlin
