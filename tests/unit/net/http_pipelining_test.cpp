// SPDX-License-Identifier: Apache-2.0
// Several requests in flight on one connection: answers come in the order of the requests, whoever is ready first.
#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

class HttpPipelining : public HttpScene {
 protected:
  void keep_all() {
    handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  }
  static std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }
};

TEST_F(HttpPipelining, answers_come_in_order) {
  serve();
  Peer peer(port_);
  peer.send(get("/1") + get("/2") + "POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi" + get("/4"));
  ASSERT_TRUE(until_received(peer, "/4"));
  std::string expected;
  for (const char* path : {"/1", "/2", "/3", "/4"})
    expected += std::string("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n") + path;
  EXPECT_EQ(peer.received, expected);
}

TEST_F(HttpPipelining, answers_wait_for_those_before_them) {
  serve();
  keep_all();
  Peer peer(port_);
  peer.send(get("/1") + get("/2") + get("/3"));
  ASSERT_TRUE(until([&] { return kept_.size() == 3; }));
  kept_[2].answer({.body = "three", .headers = {}});
  kept_[1].answer({.body = "two", .headers = {}});
  for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  peer.read();
  EXPECT_EQ(peer.received, "");
  kept_[0].answer({.body = "one", .headers = {}});
  ASSERT_TRUE(until_received(peer, "three"));
  EXPECT_LT(peer.received.find("one"), peer.received.find("two"));
  EXPECT_LT(peer.received.find("two"), peer.received.find("three"));
}

TEST_F(HttpPipelining, a_turn_s_answers_leave_in_one_write) {
  serve();
  Peer peer(port_);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += get("/x");
  peer.send(requests);
  ASSERT_TRUE(until_received(peer, "/x"));
  EXPECT_EQ(count(peer.received, "200 OK"), 100u);
}

TEST_F(HttpPipelining, goes_on_after_a_rest_when_too_many_wait) {
  serve({.max_pipelined = 4});
  keep_all();
  Peer peer(port_);
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += get("/" + std::to_string(i));
  peer.send(requests);
  ASSERT_TRUE(until([&] { return kept_.size() == 4; }));
  for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  EXPECT_EQ(kept_.size(), 4u);
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(until([&] { return kept_.size() > i; }));
    kept_[i].answer({.body = "answer " + std::to_string(i), .headers = {}});
  }
  ASSERT_TRUE(until_received(peer, "answer 9"));
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(calls_[i].path, "/" + std::to_string(i));
}

TEST_F(HttpPipelining, a_continue_keeps_its_place) {
  serve();
  keep_all();
  Peer peer(port_);
  peer.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  peer.read();
  EXPECT_EQ(peer.received, "");
  kept_[0].answer({.body = "one", .headers = {}});
  ASSERT_TRUE(until_received(peer, "100 Continue\r\n\r\n"));
  EXPECT_LT(peer.received.find("one"), peer.received.find("100 Continue"));
}

TEST_F(HttpPipelining, an_error_comes_behind_the_answers_that_are_due) {
  serve();
  keep_all();
  Peer peer(port_);
  peer.send(get("/1") + "garbage\r\n\r\n");
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  kept_[0].answer({.body = "one", .headers = {}});
  ASSERT_TRUE(until_closed(peer));
  EXPECT_TRUE(peer.received.starts_with("HTTP/1.1 200 ")) << peer.received;
  EXPECT_LT(peer.received.find("one"), peer.received.find("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace dunlin
