// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/request.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace dunlin::http_auth {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// The size goes first, so that no two lists of texts run together to the same bytes.
bool update(EVP_MD_CTX* context, std::string_view text) {
  const std::uint64_t size = text.size();
  return EVP_DigestUpdate(context, &size, sizeof size) == 1 &&
         EVP_DigestUpdate(context, text.data(), text.size()) == 1;
}

}  // namespace

std::size_t path_begin(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url.size();
  return std::min(url.find_first_of("/?#", scheme + 3), url.size());
}

bool has_dot_segment(std::string_view url) {
  std::string_view path = url.substr(path_begin(url));
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

std::optional<Request> make_request(const Settings& settings, const Values& values) {
  Request request;
  auto url = settings.url.expand(values);
  if (!url || has_dot_segment(*url)) return std::nullopt;
  request.url = std::move(*url);
  for (const auto& [name, text] : settings.headers) {
    auto value = text.expand(values);
    if (!value) return std::nullopt;
    request.headers.emplace_back(name, std::move(*value));
  }
  auto body = settings.body.expand(values);
  if (!body) return std::nullopt;
  request.body = std::move(*body);
  request.method = settings.method;
  request.ca_file = settings.ca_file;
  request.timeout_ms = static_cast<std::uint32_t>(settings.timeout_ms);
  request.max_body = static_cast<std::uint32_t>(settings.max_body);
  request.flags = settings.verify_tls ? 0 : DUNLIN_HTTP_NO_VERIFY;
  request.max_connections = static_cast<std::uint32_t>(settings.connections);
  return request;
}

std::optional<Digest> digest(const Request& request) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest out{};
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1 &&
              update(context.get(), request.url) && update(context.get(), request.body);
  for (const auto& [name, value] : request.headers)
    good = good && update(context.get(), name) && update(context.get(), value);
  good = good && EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
  return good ? std::optional(out) : std::nullopt;
}

}  // namespace dunlin::http_auth
