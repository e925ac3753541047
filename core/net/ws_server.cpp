// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_server.h"

#include <libwebsockets.h>

#include <utility>

#include "core/base/check.h"
#include "core/net/hangup_watch.h"
#include "core/net/socket.h"
#include "core/net/tls.h"
#include "core/net/ws_callback.h"
#include "core/net/ws_connection.h"

namespace dunlin {
namespace {

constexpr unsigned kHeaders = 16 * 1024;  // bytes of one request's headers

// No keep-alive of lws's own: its list is O(connections) an insert. Sessions ping from the timer wheel.
const lws_retry_bo_t kNoValidity{};

const lws_protocols kProtocols[] = {
    // rx_buffer_size is memory of every connection, and the most that one read takes: what a client usually sends.
    // tx_packet_size: a gathered write goes out whole.
    {"dunlin", ws_callback, 0, 256, 0, nullptr, 1024 * 1024},
    {nullptr, nullptr, 0, 0, 0, nullptr, 0},
};

const lws_extension kExtensions[] = {{"permessage-deflate", ws_extension, nullptr}, {nullptr, nullptr, nullptr}};

}  // namespace

void silence_websocket_library() { lws_set_log_level(0, nullptr); }

WsServer::WsServer(const Parts& parts) : parts_(parts) {}

WsServer::~WsServer() { CHECK(finished()); }

Status WsServer::create(const std::vector<int>& fds) {
  lws_context_creation_info info{};
  void* loops[] = {parts_.loop.uv()};
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
  info.foreign_loops = loops;
  info.protocols = kProtocols;
  info.user = this;
  info.max_http_header_data = kHeaders;
  info.pt_serv_buf_size = kHeaders;
  info.retry_and_idle_policy = &kNoValidity;
  info.gid = info.uid = -1;
  if (Status made = contexts_.create(info, any_plain(fds)); !made) return made;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    if (fds[i] < 0) continue;
    Port& port = *ports_.emplace_back(std::make_unique<Port>(i));
    port.acceptor = std::make_unique<Acceptor>(parts_.loop, parts_.wheel, parts_.counters, parts_.log, fds[i],
                                               [this, &port](int fd) { adopt(port, fd); });
    if (Status made = create_vhosts(port); !made) return made;
  }
  return ok();
}

// TLS needs no ranges: a connection whose socket lws closes through OpenSSL is not looked for in the table.
bool WsServer::any_plain(const std::vector<int>& fds) const {
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (fds[i] >= 0 && parts_.served->config().listeners[i].tls.certificate.empty()) return true;
  return false;
}

Status WsServer::create_vhosts(Port& port) {
  const Listener& listener = parts_.served->config().listeners[port.index];
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  info.protocols = kProtocols;
  info.extensions = kExtensions;
  info.vhost_name = port.name.c_str();
  info.alpn = "http/1.1";  // frames are written past HTTP/2's framing, so it is not offered
  info.retry_and_idle_policy = &kNoValidity;
  info.options = LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE;
  const bool plain = listener.tls.certificate.empty();
  if (!plain) {
    if (Status usable = check_tls(listener.tls); !usable) return usable;
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    // For connections that we never make. One of its own would hold the system's CA certificates and, with a context a
    // worker, never be freed.
    info.provided_client_ssl_ctx = client_tls_.get();
    info.ssl_cert_filepath = listener.tls.certificate.c_str();
    info.ssl_private_key_filepath = listener.tls.key.c_str();
    if (!listener.tls.client_ca.empty()) {
      info.ssl_ca_filepath = listener.tls.client_ca.c_str();
      info.options |= LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT | LWS_SERVER_OPTION_PEER_CERT_NOT_REQUIRED;
    }
  }
  for (std::size_t i = plain ? 0 : contexts_.size() - 1; i < contexts_.size(); ++i) {
    lws_vhost* vhost = lws_create_vhost(contexts_[i], &info);
    if (!vhost) return fail(Errc::unavailable, "libwebsockets could not set up listener " + std::to_string(port.index));
    port.vhosts.resize(i + 1, vhost);
  }
  return ok();
}

void WsServer::start_accepting() {
  for (const auto& port : ports_) port->acceptor->start();
}

void WsServer::stop_accepting() {
  for (const auto& port : ports_) port->acceptor->stop();
}

void WsServer::adopt(const Port& port, int fd) {
  auto connection = std::make_unique<WsConnection>(*this, port.index, fd, peer_text(fd));
  lws_adopt_desc_t how{};
  how.vh = port.vhosts[contexts_.of(fd)];
  how.type = static_cast<lws_adoption_type>(LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL);
  how.fd.sockfd = fd;
  how.opaque = connection.get();
  // From here on the wsi's end deletes it, also when the adoption fails.
  WsConnection* adopted = connection.release();
  if (lws* wsi = lws_adopt_descriptor_vhost_via_info(&how)) adopted->attach(wsi);
}

HangupWatch& WsServer::hangups() {
  if (!hangups_) {
    hangups_ = std::make_unique<HangupWatch>(parts_.loop.uv(), [](void* who, HangupWatch::End end) {
      static_cast<WsConnection*>(who)->on_hangup(end == HangupWatch::End::whole);
    });
  }
  return *hangups_;
}

// While the loop has work that was put off there is hope that some need not rest at all; it is waited for once.
void WsServer::rest() {
  if (resting_.empty()) return;
  if (parts_.loop.has_deferred() && !std::exchange(deferred_, true)) return;
  deferred_ = false;
  for (WsConnection* connection : std::exchange(resting_, {}))
    if (connection) connection->rest();
}

void WsServer::end_turn() {
  rest();
  while (!doomed_.empty())
    for (WsConnection* connection : std::exchange(doomed_, {}))
      if (connection) connection->kill();
}

void WsServer::close() {
  stop_accepting();
  end_turn();
  contexts_.close();
  hangups_.reset();
}

}  // namespace dunlin
