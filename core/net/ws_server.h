// SPDX-License-Identifier: Apache-2.0
// WsServer: the client listeners of one worker. libwebsockets does the handshake, the frame parsing and TLS; accepting,
// deadlines, limits and all writing are ours (docs/decisions/0003 says why). All [worker], but for the constructor and
// create(), which run before the worker's thread does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/deflate.h"
#include "core/base/result.h"
#include "core/net/acceptor.h"
#include "core/net/server_parts.h"
#include "core/net/tls.h"
#include "core/net/ws_contexts.h"

struct lws;
struct lws_vhost;

namespace dunlin {

class HangupWatch;
class WsConnection;

// libwebsockets logs to stderr, process-wide; what matters of it we log ourselves. [setup]
void silence_websocket_library();

class WsServer {
 public:
  using Parts = ServerParts;

  explicit WsServer(const Parts& parts);
  ~WsServer();  // REQUIRES: close() has been called and the loop has run until finished()
  WsServer(const WsServer&) = delete;
  WsServer& operator=(const WsServer&) = delete;

  // One vhost a listener and lws context. `fds` are the listening sockets, one a listener (-1: not
  // ours); they are taken over.
  Status create(const std::vector<int>& fds);
  // What is served from here on: the same listeners, each with as many endpoints at the same paths.
  void serve(Served& served) { parts_.served = &served; }
  void start_accepting();
  void stop_accepting();
  // Upgrades are answered with 503 from here on.
  void drain() { draining_ = true; }
  // Kills the connections whose time has come. REQUIRES: called by no callback of lws.
  void end_turn();
  bool busy() const { return !doomed_.empty(); }

  // Destroys everything. The loop must run until finished() says so.
  void close();
  bool finished() const { return contexts_.finished(); }
  void finish_close() { contexts_.finish_close(); }

  std::size_t connections() const { return connections_; }

 private:
  friend class WsConnection;
  struct Port {
    explicit Port(std::size_t listener) : index(listener) {}
    std::size_t index;
    const std::string name = "listener-" + std::to_string(index);  // lws keeps the pointer
    std::unique_ptr<Acceptor> acceptor;
    std::vector<lws_vhost*> vhosts;  // one a context; of TLS all the same, the last one's
  };

  bool any_plain(const std::vector<int>& fds) const;
  Status create_vhosts(Port& port);
  HangupWatch& hangups();
  void rest();
  void adopt(const Port& port, int fd);

  Parts parts_;
  const TlsContext client_tls_ = make_client_tls();  // outlives contexts_
  WsContexts contexts_;
  std::vector<std::unique_ptr<Port>> ports_;
  Inflater inflater_;  // of whole messages, one after another
  std::vector<WsConnection*> doomed_;
  std::vector<WsConnection*> resting_;  // to be read no more, from the end of the turn on
  std::unique_ptr<HangupWatch> hangups_;  // of those that are not, once there was one
  bool deferred_ = false;               // that end was put off once
  std::size_t connections_ = 0;
  bool draining_ = false;
};

}  // namespace dunlin
