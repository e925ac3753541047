// SPDX-License-Identifier: Apache-2.0
// HttpScene: an HttpServer on a port of its own, and peers that send it bytes and read what comes back. All on one
// thread: the loop turns only while a test waits for something.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/http_server.h"

namespace dunlin {

// A connection to 127.0.0.1, as bytes.
class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer = 0);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view bytes);  // all of it, as far as the kernel takes it at once
  void end_of_input();
  void read();  // what is there, without waiting

  std::string received;
  bool closed = false;  // by the server

 private:
  int fd_;
};

struct SeenCall {
  std::string method, path, query, body, peer;
  std::vector<std::pair<std::string, std::string>> headers;
};

class HttpScene : public ::testing::Test {
 protected:
  HttpScene();
  ~HttpScene() override;

  // REQUIRES: once, before anything else.
  void serve(HttpServer::Settings settings = {});
  // Turns the loop until `condition` holds; false after ten seconds without.
  bool until(const std::function<bool()>& condition);
  // The same, reading `peer` meanwhile: until it has received `text`, or was closed.
  bool until_received(Peer& peer, std::string_view text);
  bool until_closed(Peer& peer);

  Loop loop_;
  TimerWheel wheel_{loop_};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::string url_;  // http://127.0.0.1:PORT

  std::vector<SeenCall> calls_;
  // Unless a test sets another: answers at once, with the path for a body.
  HttpServer::Handler handler_;
  std::vector<HttpResponder> kept_;  // where a handler may put what it answers later

 private:
  uv_timer_t* beat_;  // so that a turn of the loop never waits long
};

// How often `part` is in `text`.
std::size_t count(std::string_view text, std::string_view part);

}  // namespace dunlin
