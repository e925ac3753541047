// SPDX-License-Identifier: Apache-2.0
// TcpServer: the raw TCP listeners of one worker (`protocol: socket`). Bytes are cut into packets by the router's framer;
// everything else is as with WebSockets: sessions, outboxes, limits, drain. All [worker], but for the constructor and
// create(), which run before the worker's thread does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/net/acceptor.h"
#include "core/net/server_parts.h"
#include "core/net/tls.h"
#include "core/plugin/runtime.h"

namespace dunlin {

class TcpConnection;

class TcpServer {
 public:
  using Parts = ServerParts;

  explicit TcpServer(const Parts& parts);
  ~TcpServer();  // REQUIRES: close() has been called
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;

  // Takes over the listening socket of the configuration's listener `index`. REQUIRES: its protocol is `socket`
  Status create(std::size_t index, int fd);
  // What is served from here on: the same listeners.
  void serve(Served& served) { parts_.served = &served; }
  // Before the first connection: whose framers find the packets.
  void use(ModuleRuntime& modules) { runtime_ = &modules; }
  void start_accepting();
  void stop_accepting();
  void drain() { draining_ = true; }  // who is agreeing on TLS still is refused
  // What was put off to the turn's end: reading on, goodbyes, ends. REQUIRES: no hook is running
  void end_turn();
  bool busy() const { return !attention_.empty(); }
  // Cuts every connection.
  void close();

  std::size_t connections() const { return connections_.size(); }

 private:
  friend class TcpConnection;
  struct Port {
    explicit Port(std::size_t listener) : index(listener), tls(nullptr, nullptr) {}
    std::size_t index;
    TlsContext tls;  // empty: plain
    std::unique_ptr<Acceptor> acceptor;
  };

  void admit(const Port& port, int fd);

  Parts parts_;
  ModuleRuntime* runtime_ = nullptr;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<TcpConnection>> connections_;  // each knows its place
  std::vector<TcpConnection*> attention_;                    // nullptr: it has gone meanwhile
  bool draining_ = false;
  std::string input_;  // where every connection is read into: an idle one has no buffer
};

}  // namespace dunlin
