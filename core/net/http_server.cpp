// SPDX-License-Identifier: Apache-2.0
#include "core/net/http_server.h"

#include <unistd.h>

#include <utility>

#include "core/base/check.h"
#include "core/net/http_connection.h"
#include "core/net/socket.h"

namespace dunlin {
namespace {

constexpr std::size_t kRead = 64 * 1024;
constexpr int kAcceptsATurn = 64;

}  // namespace

std::string_view HttpCall::header(std::string_view name) const {
  for (const auto& [header, value] : headers)
    if (header == name) return value;
  return {};
}

void HttpResponder::answer(HttpAnswer answer) const {
  if (const auto connection = connection_.lock()) connection->answer(number_, std::move(answer));
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
  uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<HttpServer*>(poll->data)->accept_some(); });
}

void HttpServer::accept_some() {
  for (int i = 0; i < kAcceptsATurn; ++i) {
    const int fd = accept_one(fd_);
    if (fd < 0) return;
    if (connections_.size() >= settings_.max_connections) {
      ::close(fd);
      continue;
    }
    const auto connection = std::make_shared<HttpConnection>(*this, fd, peer_text(fd));
    connection->place = connections_.size();
    connections_.push_back(connection);
    connection->start();
  }
}

void HttpServer::end_turn() {
  while (!dirty_.empty())
    for (const auto& connection : std::exchange(dirty_, {})) connection->flush();
}

void HttpServer::close() {
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
