// SPDX-License-Identifier: Apache-2.0
// HttpServer: HTTP/1.1 for the API (docs/decisions/0004): keep-alive, pipelining with answers in order, chunked bodies,
// Expect: 100-continue; every size and wait is bounded. Parsing is http_parser's. [worker]
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/loop/loop.h"
#include "core/loop/timer_wheel.h"
#include "core/net/web_socket.h"

namespace dunlin {

// A whole request. Views live until the handler returns.
struct HttpCall {
  std::string_view method, path, query, body, peer;
  const std::vector<std::pair<std::string, std::string>>& headers;  // names in lower case; no trailers

  std::string_view header(std::string_view name) const;  // the first; empty: none
};

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string_view type = "application/json";  // REQUIRES: a string that outlives answer()
  std::string headers;                         // whole lines, each ending in \r\n
  // With status 101: the connection becomes a WebSocket of this user (core/net/web_socket.h). REQUIRES: the call was a
  // sound offer, see websocket_offer().
  std::shared_ptr<WebSocketUser> user = nullptr;
};

// What a call with `Upgrade: websocket` asks for (RFC 6455, 4.2.1).
struct WebSocketOffer {
  std::string accept;            // of a sound one: what Sec-WebSocket-Accept must say
  int status = 101;              // otherwise: how to refuse it, and why
  const char* why = "";
};
WebSocketOffer websocket_offer(const HttpCall& call);

class HttpConnection;

// Takes the answer to the call of a number: a connection, or a test.
class HttpAnswerer {
 public:
  virtual void answer(std::uint64_t number, HttpAnswer answer) = 0;

 protected:
  ~HttpAnswerer() = default;
};

// Where the answer to one call goes; may be kept, copied and used later on the same worker. The first answer counts;
// one to a connection that has gone is dropped.
class HttpResponder {
 public:
  HttpResponder(std::weak_ptr<HttpAnswerer> to, std::uint64_t number) : to_(std::move(to)), number_(number) {}
  void answer(HttpAnswer answer) const;

 private:
  std::weak_ptr<HttpAnswerer> to_;
  std::uint64_t number_;
};

class HttpServer {
 public:
  struct Settings {
    std::size_t max_body = 1024 * 1024;
    std::size_t max_headers = 16 * 1024;
    std::size_t max_waiting = 1024 * 1024;  // bytes of answers that a slow reader may leave; then it is not read
    std::size_t max_pipelined = 1024;       // requests without an answer; then it is not read
    std::size_t max_connections = 10'000;
    std::size_t max_bodies = 256 * 1024 * 1024;  // bytes of all the bodies that are arriving
    std::size_t max_socket_waiting = 1024 * 1024;  // bytes that a slow WebSocket may leave unread; then it is closed
    Millis request{30'000};  // for one request to arrive whole
    Millis idle{75'000};     // between requests
  };
  using Handler = std::function<void(const HttpCall&, HttpResponder)>;
  // An error that the server itself answers (400, 408, 413, 417, 431, 503, 505): its body.
  using ErrorBody = std::function<std::string(int status, std::string_view why)>;

  HttpServer(Loop& loop, TimerWheel& wheel, Settings settings, Handler handler, ErrorBody error_body);
  ~HttpServer();  // REQUIRES: close() was called
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Accepts on a listening socket, which it takes over.
  void start(int fd);
  // Writes what the turn brought.
  void end_turn();
  // From here on each answer is the last of its connection, and connections that ask nothing are closed. New ones are
  // still taken: their callers are to be told why they are refused.
  void drain();
  // Does a call run, or has an answer not gone out yet?
  bool busy() const;
  // Closes everything. The loop must run on until its handles have closed.
  void close();

  std::size_t connections() const { return connections_.size(); }

  // WebSockets now, and those that ended, by cause.
  struct SocketFigures {
    std::size_t open = 0;
    std::uint64_t opened = 0, messages_in = 0, messages_out = 0;
    std::array<std::uint64_t, kSocketEnds> ended{};
  };
  const SocketFigures& sockets() const { return sockets_; }

 private:
  friend class HttpConnection;
  friend class HttpWebSocket;
  void watch();
  void accept_some();
  void admit(int fd);

  Loop& loop_;
  TimerWheel& wheel_;
  const Settings settings_;
  Handler handler_;
  ErrorBody error_body_;
  uv_poll_t* poll_ = nullptr;
  int fd_ = -1;
  Timer retry_;  // accepts again after descriptors ran out
  bool draining_ = false;
  std::vector<std::shared_ptr<HttpConnection>> connections_;  // each knows its place
  std::vector<std::shared_ptr<HttpConnection>> dirty_;
  SocketFigures sockets_;
  std::size_t bodies_ = 0;  // bytes of the bodies that are arriving
  std::string input_;       // what every connection reads into
};

}  // namespace dunlin
