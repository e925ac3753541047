// SPDX-License-Identifier: Apache-2.0
#include "core/net/tcp_server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/net/socket.h"
#include "core/net/tcp_connection.h"

namespace dunlin {
namespace {

constexpr std::size_t kRead = 64 * 1024;

}  // namespace

TcpServer::TcpServer(const Parts& parts) : parts_(parts) {}

TcpServer::~TcpServer() { CHECK(connections_.empty()); }

Status TcpServer::create(std::size_t index, int fd) {
  auto port = std::make_unique<Port>(index);
  port->acceptor = std::make_unique<Acceptor>(parts_.loop, parts_.wheel, parts_.counters, parts_.log, fd,
                                              [this, &port = *port](int accepted) { admit(port, accepted); });
  if (const Tls& tls = parts_.served->config().listeners[index].tls; !tls.certificate.empty()) {
    auto context = make_server_tls(tls);
    if (!context) return context.error();
    port->tls = std::move(*context);
  }
  ports_.push_back(std::move(port));
  input_.resize(kRead + 1);  // and a NUL
  return ok();
}

void TcpServer::start_accepting() {
  for (const auto& port : ports_) port->acceptor->start();
}

void TcpServer::stop_accepting() {
  for (const auto& port : ports_) port->acceptor->stop();
}

void TcpServer::admit(const Port& port, int fd) {
  const Endpoint& endpoint = parts_.served->config().listeners[port.index].endpoints.front();
  std::string peer = peer_text(fd);
  const bool room = parts_.limits.acquire(port.index, 0, endpoint.limits.connections);
  TcpStream::Tls tls = room && port.tls ? accept_tls(*port.tls) : TcpStream::no_tls();
  if (!room || (port.tls && !tls)) {
    if (room) parts_.limits.release(port.index, 0);
    parts_.counters.add(Counter::refused_limit);
    parts_.log.info("connection refused", {{"reason", counter_label(Counter::refused_limit)}, {"peer", peer}});
    ::close(fd);
    return;
  }
  auto connection = std::make_unique<TcpConnection>(*this, port.index, fd, std::move(tls), std::move(peer));
  TcpConnection& admitted = *connection;
  admitted.place = connections_.size();
  connections_.push_back(std::move(connection));
  admitted.start();
}

// What a connection does here may ask for attention again: the caller comes back while busy().
void TcpServer::end_turn() {
  for (TcpConnection* connection : std::exchange(attention_, {})) {
    if (!connection || connection->attend()) continue;
    const std::size_t place = connection->place;
    connections_[place].swap(connections_.back());
    connections_[place]->place = place;
    connections_.pop_back();
  }
}

void TcpServer::close() {
  stop_accepting();
  for (const auto& connection : connections_) connection->cut();
  connections_.clear();
  attention_.clear();
}

}  // namespace dunlin
