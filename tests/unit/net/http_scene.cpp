// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/net/http_scene.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/net/socket.h"

namespace dunlin {

Peer::Peer(std::uint16_t port, int receive_buffer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  CHECK(fd_ >= 0);
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::fcntl(fd_, F_SETFL, O_NONBLOCK) == 0);
}

Peer::~Peer() { ::close(fd_); }

void Peer::send(std::string_view bytes) {
  [[maybe_unused]] const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void Peer::end_of_input() { ::shutdown(fd_, SHUT_WR); }

void Peer::read() {
  char buffer[16 * 1024];
  while (!closed) {
    const ssize_t size = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (size > 0) {
      received.append(buffer, static_cast<std::size_t>(size));
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      closed = true;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

HttpScene::HttpScene() : beat_(new uv_timer_t{}) {
  ::signal(SIGPIPE, SIG_IGN);  // as the server does: peers leave at any time
  uv_timer_init(loop_.uv(), beat_);
  uv_timer_start(beat_, [](uv_timer_t*) {}, 2, 2);
  handler_ = [](const HttpCall& call, const HttpResponder& responder) {
    responder.answer({.body = std::string(call.path), .headers = {}});
  };
}

HttpScene::~HttpScene() {
  if (server_) server_->close();
  wheel_.close();
  uv_close(reinterpret_cast<uv_handle_t*>(beat_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  loop_.at_turn_end(nullptr);
  loop_.run();
}

void HttpScene::serve(HttpServer::Settings settings) {
  const auto handle = [this](const HttpCall& call, HttpResponder responder) {
    calls_.push_back({std::string(call.method), std::string(call.path), std::string(call.query),
                      std::string(call.body), std::string(call.peer), call.headers});
    handler_(call, std::move(responder));
  };
  const auto error_body = [](int status, std::string_view why) { return fmt::format("{} {}", status, why); };
  server_ = std::make_unique<HttpServer>(loop_, wheel_, settings, handle, error_body);
  loop_.at_turn_end([this] { server_->end_turn(); });
  const Bind bind{"127.0.0.1", 0};
  const auto fd = bind_tcp(bind);
  CHECK(fd.has_value() && listen_tcp(*fd, bind, 64));
  port_ = bound_port(*fd);
  url_ = "http://127.0.0.1:" + std::to_string(port_);
  server_->start(*fd);
}

bool HttpScene::until(const std::function<bool()>& condition) {
  const std::int64_t deadline = steady_ms() + 10'000;
  while (!condition()) {
    if (steady_ms() > deadline) return false;
    uv_run(loop_.uv(), UV_RUN_ONCE);
  }
  return true;
}

bool HttpScene::until_received(Peer& peer, std::string_view text) {
  return until([&] {
    peer.read();
    return peer.received.find(text) != std::string::npos;
  });
}

bool HttpScene::until_closed(Peer& peer) {
  return until([&] {
    peer.read();
    return peer.closed;
  });
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace dunlin
