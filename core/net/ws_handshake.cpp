// SPDX-License-Identifier: Apache-2.0
// What comes before a session: which endpoint, whether it may, and the files of static endpoints.
#include <libwebsockets.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string>
#include <system_error>

#include "core/net/tls.h"
#include "core/net/ws_connection.h"

namespace dunlin {
namespace {

// lws can look an unknown header up by its name, but not list them: these are looked for, besides those it knows.
constexpr const char* kMoreHeaders[] = {
    "x-api-key:", "x-auth-token:", "x-access-token:", "x-request-id:", "x-user-id:", "x-device-id:", "x-client-id:",
    "x-app-version:", "x-csrf-token:", "x-forwarded-host:", "x-forwarded-proto:", "x-forwarded-for:", "x-real-ip:",
    "sec-fetch-site:", "sec-fetch-mode:", "sec-fetch-dest:", "sec-ch-ua:", "traceparent:", "tracestate:", "dnt:"};

constexpr int kMaxExtensions = 254;  // lws drops a client that sends more, without a word

constexpr std::array<std::pair<const char*, const char*>, 16> kTypes = {{{".html", "text/html; charset=utf-8"},
                                                                         {".js", "text/javascript; charset=utf-8"},
                                                                         {".mjs", "text/javascript; charset=utf-8"},
                                                                         {".css", "text/css; charset=utf-8"},
                                                                         {".json", "application/json"},
                                                                         {".svg", "image/svg+xml"},
                                                                         {".png", "image/png"},
                                                                         {".jpg", "image/jpeg"},
                                                                         {".gif", "image/gif"},
                                                                         {".webp", "image/webp"},
                                                                         {".ico", "image/x-icon"},
                                                                         {".txt", "text/plain; charset=utf-8"},
                                                                         {".woff2", "font/woff2"},
                                                                         {".wasm", "application/wasm"},
                                                                         {".map", "application/json"},
                                                                         {".pdf", "application/pdf"}}};

const char* type_of(const std::filesystem::path& file) {
  for (const auto& [extension, type] : kTypes)
    if (file.extension() == extension) return type;
  return "application/octet-stream";
}

std::string header(lws* wsi, lws_token_indexes token) {
  const int length = lws_hdr_total_length(wsi, token);
  if (length <= 0) return {};
  std::string value(static_cast<std::size_t>(length) + 1, '\0');
  const int copied = lws_hdr_copy(wsi, value.data(), length + 1, token);
  value.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
  return value;
}

// lws hands the query out decoded and split; this puts it together again.
std::string query(lws* wsi) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) <= 0) return out;
  std::array<char, 8192> part;
  for (int i = 0;; ++i) {
    const int length = lws_hdr_copy_fragment(wsi, part.data(), static_cast<int>(part.size()), WSI_TOKEN_HTTP_URI_ARGS, i);
    if (length <= 0) return out;
    out += i == 0 ? '?' : '&';
    bool name = true;
    for (const char c : std::string_view(part.data(), static_cast<std::size_t>(length))) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~' || (c == '=' && name)) {
        out += c;
        if (c == '=') name = false;
      } else {
        out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
      }
    }
  }
}

// `name` in lower case, with its colon.
void add_custom(lws* wsi, const std::string& name, Handshake& handshake) {
  const auto size = static_cast<int>(name.size());
  const int length = lws_hdr_custom_length(wsi, name.c_str(), size);
  if (length <= 0) return;
  std::string value(static_cast<std::size_t>(length) + 1, '\0');
  if (lws_hdr_custom_copy(wsi, value.data(), length + 1, name.c_str(), size) < 0) return;
  handshake.add(std::string_view(name).substr(0, name.size() - 1), std::string_view(value).substr(0, static_cast<std::size_t>(length)));
}

}  // namespace

// WebSocket endpoints match their path exactly, static ones everything below it; the longest path wins.
const Endpoint* WsConnection::find_endpoint(std::string_view path, bool websocket) {
  const Endpoint* best = nullptr;
  for (const Endpoint& candidate : listener().endpoints) {
    const bool is_static = !candidate.static_folder.empty();
    const std::string_view at = candidate.path;
    const bool below = path.starts_with(at) && (path.size() == at.size() || at.ends_with('/') || path[at.size()] == '/');
    if (!(is_static ? !websocket && below : path == at)) continue;
    if (!best || at.size() > best->path.size()) best = &candidate;
  }
  return best;
}

int WsConnection::on_upgrade(std::string_view protocol) {
  if (protocol != "websocket")
    return refuse(Counter::refused_request, "an upgrade to something else than websocket", "400 Bad Request");
  const std::string path = header(wsi_, WSI_TOKEN_GET_URI);
  const Endpoint* found = find_endpoint(path, true);
  if (!found) return refuse(Counter::refused_path, path, "404 Not Found");
  if (server_.draining_) return refuse(Counter::refused_draining, "the server is stopping", "503 Service Unavailable");
  if (header(wsi_, WSI_TOKEN_VERSION) != "13")
    return refuse(Counter::refused_request, "its WebSocket version is not 13", "426 Upgrade Required",
                  "Sec-WebSocket-Version: 13\r\n");
  if (header(wsi_, WSI_TOKEN_KEY).empty())
    return refuse(Counter::refused_request, "it has no Sec-WebSocket-Key", "400 Bad Request");
  const std::string origin = header(wsi_, WSI_TOKEN_ORIGIN);
  if (!found->origins.empty() && std::find(found->origins.begin(), found->origins.end(), origin) == found->origins.end())
    return refuse(Counter::refused_origin, origin.empty() ? "no Origin" : origin, "403 Forbidden");
  const auto index = static_cast<std::size_t>(found - listener().endpoints.data());
  if (lws_hdr_total_length(wsi_, WSI_TOKEN_EXTENSIONS) > kMaxExtensions)
    return refuse(Counter::refused_request, "its Sec-WebSocket-Extensions is too long", "431 Request Header Fields Too Large");
  if (!server_.parts_.limits.acquire(listener_, index, found->limits.connections))
    return refuse(Counter::refused_limit, path, "503 Service Unavailable", "Retry-After: 5\r\n");
  endpoint_ = static_cast<std::uint32_t>(index);
  if (found->compression.on)
    passing_->deflate = agree_on_deflate(header(wsi_, WSI_TOKEN_EXTENSIONS), found->compression.window_bits);
  return 0;
}

// lws asks at each mention of an extension that it knows by name, and breaks the handshake off at one behind a yes. We have
// decided already: it gets its yes at the last.
int WsConnection::on_extension_offered() {
  const DeflateAgreement& agreed = passing_->deflate;
  if (agreed.window_bits == 0 || ++passing_->extensions_seen != agreed.offers) return 1;
  window_bits_ = static_cast<std::uint8_t>(agreed.window_bits);
  return 0;
}

// lws has written "Sec-WebSocket-Extensions: permessage-deflate" last, and knows of no parameters with a value.
int WsConnection::on_answer(lws_process_html_args& answer) {
  if (window_bits_ == 0) return 0;
  constexpr std::string_view kWritten = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", kEnd = "\r\n";
  const std::string more = passing_->deflate.parameters() + std::string(kEnd);
  if (std::string_view(answer.p - kWritten.size(), kWritten.size()) != kWritten) return -1;
  if (static_cast<std::size_t>(answer.max_len) + kEnd.size() < more.size()) return -1;
  answer.p = std::copy(more.begin(), more.end(), answer.p - kEnd.size());
  answer.max_len -= static_cast<int>(more.size() - kEnd.size());
  return 0;
}

int WsConnection::on_http(std::string_view) {
  char* uri = nullptr;
  int length = 0;
  const int method = lws_http_get_uri_and_method(wsi_, &uri, &length);
  const std::string path(uri ? uri : "", uri ? static_cast<std::size_t>(length) : 0);
  const Endpoint* found = find_endpoint(path, false);
  if (!found) return refuse(Counter::refused_path, path, "404 Not Found");
  if (found->static_folder.empty())
    return refuse(Counter::refused_request, "not a WebSocket handshake", "426 Upgrade Required",
                  "Upgrade: websocket\r\n");
  if (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD)
    return refuse(Counter::refused_request, "method not allowed on files", "405 Method Not Allowed",
                  "Allow: GET, HEAD\r\n");
  return serve_file(*found, path);
}

int WsConnection::serve_file(const Endpoint& endpoint, std::string_view path) {
  namespace fs = std::filesystem;
  path.remove_prefix(endpoint.path.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  std::error_code error;
  const fs::path root = fs::canonical(endpoint.static_folder, error);
  fs::path file = fs::canonical(root / path, error);  // resolves .. and links
  if (!error && fs::is_directory(file, error)) file = fs::canonical(file / "index.html", error);
  const auto [mismatch, unused] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (error || mismatch != root.end() || !fs::is_regular_file(file, error))
    return refuse(Counter::refused_path, std::string(path), "404 Not Found");

  phase_ = Phase::http;
  // A page's next request comes on the same connection; a reader that dawdles is cut like any other.
  set_deadline(Millis{60'000});
  static constexpr char kHeaders[] = "cache-control: no-cache\r\n";
  const int sent = lws_serve_http_file(wsi_, file.c_str(), type_of(file), kHeaders, sizeof(kHeaders) - 1);
  return sent < 0 || (sent > 0 && lws_http_transaction_completed(wsi_)) ? -1 : 0;
}

int WsConnection::refuse(Counter reason, std::string_view why, std::string_view status, std::string_view headers) {
  refused_ = true;
  server_.parts_.counters.add(reason);
  server_.parts_.log.info("connection refused",
                          {{"reason", counter_label(reason)}, {"peer", peer()}, {"status", status}, {"why", why}});
  const std::string body = std::string(status) + "\n";
  std::string answer(LWS_PRE, '\0');
  answer.append("HTTP/1.1 ").append(status).append("\r\nContent-Type: text/plain\r\nConnection: close\r\n").append(headers);
  answer.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  (void)lws_write(wsi_, reinterpret_cast<unsigned char*>(answer.data()) + LWS_PRE, answer.size() - LWS_PRE,
                  LWS_WRITE_HTTP);
  return -1;
}

// REQUIRES: the request's headers are still there: up to the end of on_established().
std::unique_ptr<Handshake> WsConnection::read_handshake() const {
  auto handshake = std::make_unique<Handshake>();
  handshake->add(Handshake::kMethod, "GET");
  handshake->add(Handshake::kUri, header(wsi_, WSI_TOKEN_GET_URI) + query(wsi_));
  handshake->add(Handshake::kProtocol, "HTTP/1.1");
  handshake->add(Handshake::kHost, header(wsi_, WSI_TOKEN_HOST));
  if (!listener().tls.client_ca.empty()) {
    handshake->add(Handshake::kTlsSubject, peer_common_name(lws_get_ssl(wsi_)));
    if (const std::string certificate = peer_certificate(lws_get_ssl(wsi_)); !certificate.empty())
      handshake->add(Handshake::kTlsCertificate, certificate);
  }
  for (int token = 0; token < WSI_TOKEN_COUNT; ++token) {
    const auto* name = reinterpret_cast<const char*>(lws_token_to_string(static_cast<lws_token_indexes>(token)));
    const std::string_view text = name ? name : "";
    if (text.size() < 2 || !text.ends_with(':') || text.starts_with(':')) continue;  // "get ", ":path" are none
    if (lws_hdr_total_length(wsi_, static_cast<lws_token_indexes>(token)) > 0)
      handshake->add(text.substr(0, text.size() - 1), header(wsi_, static_cast<lws_token_indexes>(token)));
  }
  for (const char* name : kMoreHeaders) add_custom(wsi_, name, *handshake);
  for (const std::string& name : endpoint().headers) add_custom(wsi_, name + ":", *handshake);
  handshake->shrink();
  return handshake;
}

}  // namespace dunlin
