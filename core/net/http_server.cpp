// SPDX-License-Identifier: Apache-2.0
#include "core/net/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/net/http_connection.h"
#include "core/net/socket.h"

namespace dunlin {
namespace {

constexpr std::size_t kRead = 64 * 1024;
constexpr int kAcceptsATurn = 64;
constexpr Millis kDescriptorRest{100};

}  // namespace

std::string_view HttpCall::header(std::string_view name) const {
  for (const auto& [header, value] : headers)
    if (header == name) return value;
  return {};
}

void HttpResponder::answer(HttpAnswer answer) const {
  if (const auto there = to_.lock()) there->answer(number_, std::move(answer));
}

HttpServer::HttpServer(Loop& loop, TimerWheel& wheel, Settings settings, Handler handler, ErrorBody error_body)
    : loop_(loop), wheel_(wheel), settings_(settings), handler_(std::move(handler)), error_body_(std::move(error_body)),
      input_(kRead, '\0') {}

HttpServer::~HttpServer() { CHECK(connections_.empty() && !poll_); }

void HttpServer::start(int fd) {
  fd_ = fd;
  poll_ = new uv_poll_t{};
  poll_->data = this;
  uv_poll_init(loop_.uv(), poll_, fd);
  retry_.on_fire([this] { watch(); });
  watch();
}

void HttpServer::watch() {
  if (!poll_) return;
  const auto ready = [](uv_poll_t* poll, int, int) { static_cast<HttpServer*>(poll->data)->accept_some(); };
  uv_poll_start(poll_, UV_READABLE, ready);
}

void HttpServer::accept_some() {
  for (int i = 0; i < kAcceptsATurn; ++i) {
    const int fd = accept_one(fd_);
    if (fd >= 0) {
      admit(fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      uv_poll_stop(poll_);  // the socket stays readable: rest a little instead of spinning
      return wheel_.start(retry_, kDescriptorRest);
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

void HttpServer::admit(int fd) {
  if (connections_.size() >= settings_.max_connections) {
    // As much as can be said without waiting for anybody.
    const std::string body = error_body_(503, "too many connections");
    const std::string answer = fmt::format(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}", body.size(), body);
    [[maybe_unused]] const auto sent = ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(fd);
    return;
  }
  const auto connection = std::make_shared<HttpConnection>(*this, fd, peer_text(fd));
  connection->place = connections_.size();
  connections_.push_back(connection);
  connection->start();
}

void HttpServer::end_turn() {
  while (!dirty_.empty())
    for (const auto& connection : std::exchange(dirty_, {})) connection->flush();
}

void HttpServer::drain() {
  draining_ = true;
  for (const auto& connection : connections_) connection->drain();
}

bool HttpServer::busy() const {
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& one) { return one->busy(); });
}

void HttpServer::close() {
  retry_.stop();
  end_turn();
  while (!connections_.empty()) connections_.back()->close();
  if (uv_poll_t* poll = std::exchange(poll_, nullptr)) {
    uv_poll_stop(poll);
    uv_close(reinterpret_cast<uv_handle_t*>(poll),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    ::close(fd_);
  }
}

}  // namespace dunlin
