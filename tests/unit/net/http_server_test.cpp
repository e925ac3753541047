// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 as bytes: what callers do, in the order in which RFC 7230 treats of it.
#include <algorithm>

#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

class Http : public HttpScene {};

TEST_F(Http, answers_a_request_whole) {
  serve();
  Peer peer(port_);
  peer.send("GET /a/b?c=d&e HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Two:  2 \r\n\r\n");
  ASSERT_TRUE(until_received(peer, "/a/b"));
  EXPECT_EQ(peer.received,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n/a/b");
  ASSERT_EQ(calls_.size(), 1u);
  EXPECT_EQ(calls_[0].method, "GET");
  EXPECT_EQ(calls_[0].query, "c=d&e");
  EXPECT_EQ(calls_[0].peer.substr(0, 10), "127.0.0.1:");
  const std::vector<std::pair<std::string, std::string>> headers = {{"host", "x"}, {"x-empty", ""}, {"x-two", "2 "}};
  EXPECT_EQ(calls_[0].headers[0], headers[0]);
  EXPECT_EQ(calls_[0].headers[1], headers[1]);
  EXPECT_EQ(calls_[0].headers[2].first, "x-two");
}

TEST_F(Http, takes_a_request_byte_by_byte) {
  serve();
  Peer peer(port_);
  const std::string request = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (const char byte : request) {
    peer.send({&byte, 1});
    uv_run(loop_.uv(), UV_RUN_ONCE);
  }
  ASSERT_TRUE(until_received(peer, "\r\n\r\n/a"));
  EXPECT_EQ(calls_[0].body, "hello");
}

// What fills a read to its last byte makes libuv try again and report a read of nothing, which is no end of input.
TEST_F(Http, takes_a_request_whose_pieces_fill_the_read) {
  serve();
  constexpr std::size_t kRead = 64 * 1024;
  const std::string body(2 * kRead, 'x');
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  Peer peer(port_);
  for (std::size_t at = 0; at < request.size(); at += kRead) {
    peer.send(request.substr(at, kRead));
    for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  }
  ASSERT_TRUE(until_received(peer, "HTTP/1.1 "));
  ASSERT_TRUE(peer.received.starts_with("HTTP/1.1 200 ")) << peer.received;
  EXPECT_EQ(calls_[0].body, body);
}

TEST_F(Http, keeps_the_connection) {
  serve();
  Peer peer(port_);
  for (int i = 0; i < 3; ++i) {
    peer.received.clear();
    peer.send(kGet);
    ASSERT_TRUE(until_received(peer, "\r\n\r\n/a"));
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Http, closes_the_connection_when_asked) {
  serve();
  Peer peer(port_);
  peer.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until_closed(peer));
  EXPECT_NE(peer.received.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(Http, HTTP_1_0_closes_unless_it_asks_to_stay) {
  serve();
  Peer leaving(port_), staying(port_);
  leaving.send("GET /a HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(until_closed(leaving));
  EXPECT_TRUE(leaving.received.ends_with("/a"));
  staying.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(until_received(staying, "/b"));
  EXPECT_NE(staying.received.find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST_F(Http, HEAD_is_answered_without_a_body) {
  serve();
  Peer peer(port_);
  peer.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\nGET /d HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until_received(peer, "/d"));
  EXPECT_NE(peer.received.find("Content-Length: 4\r\n\r\nHTTP/1.1 200"), std::string::npos);
}

TEST_F(Http, joins_a_chunked_body_and_passes_over_trailers) {
  serve();
  Peer peer(port_);
  peer.send(
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n7\r\n, world\r\n0\r\nAuthorization: Basic eA==\r\n\r\n");
  ASSERT_TRUE(until_received(peer, "\r\n\r\n/a"));
  EXPECT_EQ(calls_[0].body, "hello, world");
  EXPECT_EQ(calls_[0].headers.size(), 2u);
}

TEST_F(Http, an_offer_to_upgrade_is_passed_over) {
  serve();
  Peer peer(port_);
  peer.send(
      "POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABk\r\nContent-Length: 2\r\n\r\nhi"
      "GET /b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  peer.send(kGet);
  ASSERT_TRUE(until([&] { return peer.read(), count(peer.received, "200 OK") == 3; }));
  EXPECT_EQ(calls_[0].body, "hi");
  EXPECT_FALSE(peer.closed);
}

TEST_F(Http, says_100_continue_before_the_body) {
  serve();
  Peer peer(port_);
  peer.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n");
  ASSERT_TRUE(until_received(peer, "HTTP/1.1 100 Continue\r\n\r\n"));
  peer.send("hi");
  ASSERT_TRUE(until_received(peer, "HTTP/1.1 200 OK"));
  EXPECT_EQ(calls_[0].body, "hi");
}

TEST_F(Http, refuses_other_expectations) {
  serve();
  Peer peer(port_);
  peer.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: miracles\r\n\r\n");
  ASSERT_TRUE(until_closed(peer));
  EXPECT_TRUE(peer.received.starts_with("HTTP/1.1 417 ")) << peer.received;
}

TEST_F(Http, answers_what_was_asked_before_the_caller_closed_its_half) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  Peer peer(port_);
  peer.send(kGet);
  peer.end_of_input();
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  kept_[0].answer({.body = "late", .headers = {}});
  ASSERT_TRUE(until_closed(peer));
  EXPECT_TRUE(peer.received.ends_with("late"));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(Http, an_answer_to_a_caller_who_left_is_dropped) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  {
    Peer peer(port_);
    peer.send(kGet);
    peer.send("not HTTP");  // so that the end is seen as an error, not as a half that closed
    ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  }
  kept_[0].answer({.body = "late", .headers = {}});
  kept_[0].answer({.body = "twice", .headers = {}});
  EXPECT_TRUE(until([&] { return server_->connections() == 0; }));
}

TEST_F(Http, drains) {
  serve();
  handler_ = [this](const HttpCall& call, HttpResponder responder) {
    if (call.path == "/later") return kept_.push_back(std::move(responder));
    responder.answer({.body = "at once", .headers = {}});
  };
  Peer idle(port_), running(port_);
  idle.send(kGet);
  running.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until_received(idle, "at once"));
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  server_->drain();
  EXPECT_TRUE(server_->busy());
  ASSERT_TRUE(until_closed(idle));
  Peer late(port_);
  late.send(kGet);
  ASSERT_TRUE(until_closed(late));
  EXPECT_NE(late.received.find("Connection: close\r\n"), std::string::npos);
  kept_[0].answer({.body = "finished", .headers = {}});
  ASSERT_TRUE(until_closed(running));
  EXPECT_TRUE(running.received.ends_with("finished"));
  EXPECT_FALSE(server_->busy());
}

}  // namespace
}  // namespace dunlin
