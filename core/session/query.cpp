// SPDX-License-Identifier: Apache-2.0
#include "core/session/query.h"

#include <cctype>

#include "core/base/json.h"
#include "dunlin/dunlin.h"

namespace dunlin {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A stray % stands for itself, as browsers have it.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int low = high >= 0 ? hex(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Calls `use(part)` for each part between separators until it says true.
template <class Use>
void each_part(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (use(text.substr(0, end))) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

// Calls `use(name, value)` for each field of a handshake's block until it says true.
template <class Use>
void each_field(std::string_view block, Use use) {
  while (!block.empty()) {
    const std::size_t name = block.find('\0'), value = block.find('\0', name + 1);
    if (use(block.substr(0, name), block.substr(name + 1, value - name - 1))) return;
    block.remove_prefix(value + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() <= word.size() || text[word.size()] != ' ') return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i])) != word[i]) return false;
  return true;
}

}  // namespace

std::string_view handshake_name(std::uint32_t what) {
  switch (what) {
    case DUNLIN_CONN_METHOD: return Handshake::kMethod;
    case DUNLIN_CONN_URI: return Handshake::kUri;
    case DUNLIN_CONN_PROTOCOL: return Handshake::kProtocol;
    case DUNLIN_CONN_HOST: return Handshake::kHost;
    case DUNLIN_CONN_TLS_SUBJECT: return Handshake::kTlsSubject;
    default: return {};
  }
}

EndpointOptions options_of(std::string_view json) {
  EndpointOptions options;
  if (const auto document = json::parse(json); document && document->IsObject())
    for (const auto& member : document->GetObject())
      options.emplace(json::text_of(member.name), json::print(member.value));
  return options;
}

std::optional<std::string_view> Handshake::get(std::string_view name) const {
  std::optional<std::string_view> found;
  each_field(block_, [&](std::string_view field, std::string_view value) {
    if (field != name) return false;
    found = value;
    return true;
  });
  return found;
}

std::optional<std::pair<std::string_view, std::string_view>> Handshake::header_at(std::size_t index) const {
  std::optional<std::pair<std::string_view, std::string_view>> found;
  each_field(block_, [&](std::string_view field, std::string_view value) {
    if (field.starts_with(':') || index-- > 0) return false;
    found = {field, value};
    return true;
  });
  return found;
}

std::optional<std::string> query_of(std::string_view uri, std::string_view name) {
  const std::size_t mark = uri.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  std::optional<std::string> found;
  each_part(uri.substr(mark + 1), '&', [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    if (decoded(part.substr(0, equals)) != name) return false;
    found = equals == std::string_view::npos ? "" : decoded(part.substr(equals + 1));
    return true;
  });
  return found;
}

std::optional<std::string> cookie_of(const Handshake& handshake, std::string_view name) {
  const auto header = handshake.get("cookie");
  if (!header) return std::nullopt;
  std::optional<std::string> found;
  each_part(*header, ';', [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || trimmed(part.substr(0, equals)) != name) return false;
    found = std::string(trimmed(part.substr(equals + 1)));
    return true;
  });
  return found;
}

std::string handshake_token(const Handshake& handshake) {
  const auto authorization = handshake.get("authorization");
  if (authorization && starts_with_word(*authorization, "bearer"))
    return std::string(trimmed(authorization->substr(7)));
  return query_of(handshake.get(Handshake::kUri).value_or(""), "token").value_or("");
}

}  // namespace dunlin
