// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/conn_values.h"

namespace dunlin::http_auth {
namespace {

std::uint32_t info_of(Source source) {
  switch (source) {
    case Source::remote_addr:
    case Source::remote_ip:
      return DUNLIN_CONN_REMOTE_ADDR;
    case Source::method:
      return DUNLIN_CONN_METHOD;
    case Source::uri:
      return DUNLIN_CONN_URI;
    case Source::host:
      return DUNLIN_CONN_HOST;
    case Source::tls_subject:
      return DUNLIN_CONN_TLS_SUBJECT;
    default:
      return DUNLIN_CONN_PATH;
  }
}

}  // namespace

std::string_view without_port(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.rfind(':'));
}

std::string base64_of(std::string_view pem) {
  const std::size_t begin = pem.find("-----BEGIN "), text = pem.find('\n', begin);
  const std::size_t end = pem.find("-----END ", text);
  std::string out;
  if (begin == std::string_view::npos || end == std::string_view::npos) return out;
  for (const char c : pem.substr(text, end - text))
    if (c != '\n' && c != '\r') out += c;
  return out;
}

std::optional<std::string_view> ConnValues::get(Source source, const std::string& name) const {
  switch (source) {
    case Source::token:
      return token_;
    case Source::header:
      return conn_.header(name);
    case Source::query:
      return conn_.query(name);
    case Source::cookie:
      return conn_.cookie(name);
    case Source::tls_certificate: {
      const auto pem = conn_.certificate();
      if (!pem) return std::nullopt;
      return certificate_ = base64_of(*pem);
    }
    default:
      break;
  }
  const auto found = conn_.info(info_of(source));
  if (!found) return std::nullopt;
  return source == Source::remote_ip ? without_port(*found) : *found;
}

}  // namespace dunlin::http_auth
