// SPDX-License-Identifier: Apache-2.0
// Requests with bytes changed, lost and doubled, cut into pieces anywhere: whatever becomes of them, the server answers
// the next caller. Sanitizers see the rest.
#include <algorithm>
#include <random>

#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

class HttpMutation : public HttpScene {
 protected:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  std::string mutated(std::string bytes) {
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0: bytes[at] = static_cast<char>(below(256)); break;
        case 1: bytes.erase(at, 1 + below(8)); break;
        case 2: bytes.insert(at, bytes.substr(below(bytes.size()), below(40))); break;
        default: bytes[at] = "\r\n :0"[below(5)]; break;
      }
      if (bytes.empty()) bytes = "x";
    }
    return bytes;
  }

  std::mt19937 random_{20261123};  // the same scene each time
};

constexpr const char* kRequests[] = {
    "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n{\"c\":\"user\"}",
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2;a=b\r\n !\r\n0\r\nT: x\r\n\r\n",
    "HEAD /d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
};

TEST_F(HttpMutation, no_input_stops_the_server) {
  serve({.max_waiting = 2000, .max_pipelined = 3, .request = Millis{1000}, .idle = Millis{1000}});
  handler_ = [this](const HttpCall& call, HttpResponder responder) {
    if (below(3) == 0) return kept_.push_back(std::move(responder));
    responder.answer({.body = std::string(call.path) + std::string(below(500), 'x'), .headers = {}});
  };
  for (int round = 0; round < 500; ++round) {
    Peer peer(port_);
    std::string bytes;
    for (std::size_t requests = 1 + below(8); requests > 0; --requests)
      bytes += mutated(kRequests[below(std::size(kRequests))]);
    while (!bytes.empty()) {
      const std::size_t piece = std::min(bytes.size(), 1 + below(80));
      peer.send(bytes.substr(0, piece));
      bytes.erase(0, piece);
      uv_run(loop_.uv(), UV_RUN_NOWAIT);
      if (below(4) == 0) peer.read();
      std::shuffle(kept_.begin(), kept_.end(), random_);
      while (!kept_.empty() && below(2) == 0) {
        kept_.back().answer({.body = "later", .headers = {}});
        kept_.pop_back();
      }
    }
    if (below(2) == 0) peer.end_of_input();
  }
  for (const HttpResponder& responder : kept_) responder.answer({.body = {}, .headers = {}});
  handler_ = [](const HttpCall&, const HttpResponder& responder) { responder.answer({.body = "well", .headers = {}}); };
  Peer peer(port_);
  peer.send(kRequests[0]);
  EXPECT_TRUE(until_received(peer, "well"));
  EXPECT_TRUE(until([&] { return server_->connections() <= 1; }));  // and what was broken off is gone
}

}  // namespace
}  // namespace dunlin
