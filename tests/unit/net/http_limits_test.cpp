// SPDX-License-Identifier: Apache-2.0
// Every size and every wait of the HTTP server has an end.
#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

class HttpLimits : public HttpScene {
 protected:
  // Sends `bytes`; the status line's number of what comes back before the server closes.
  int refusal(std::string_view bytes) {
    Peer peer(port_);
    peer.send(bytes);
    if (!until_closed(peer)) return -1;
    EXPECT_NE(peer.received.find("Connection: close\r\n"), std::string::npos) << peer.received;
    return peer.received.starts_with("HTTP/1.1 ") ? std::stoi(peer.received.substr(9)) : 0;
  }
};

TEST_F(HttpLimits, a_body_that_says_it_is_too_long) {
  serve({.max_body = 10});
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(HttpLimits, a_body_that_becomes_too_long) {
  serve({.max_body = 10});
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal(head + "6\r\n123456\r\n5\r\n12345\r\n"), 413);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(HttpLimits, a_body_of_just_the_limit) {
  serve({.max_body = 10});
  Peer peer(port_);
  peer.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789");
  EXPECT_TRUE(until_received(peer, "200 OK"));
}

TEST_F(HttpLimits, all_bodies_together) {
  serve({.max_bodies = 100});
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n";
  Peer first(port_);
  first.send(head + std::string(59, 'x'));
  ASSERT_TRUE(until([&] { return server_->connections() == 1; }));
  for (int turns = 0; turns < 5; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  EXPECT_EQ(refusal(head + std::string(60, 'x')), 503);
  first.send("x");
  ASSERT_TRUE(until_received(first, "200 OK"));
  EXPECT_EQ(calls_.size(), 1u);
  Peer third(port_);  // what the others held is free again
  third.send(head + std::string(60, 'x'));
  EXPECT_TRUE(until_received(third, "200 OK"));
}

TEST_F(HttpLimits, headers) {
  serve({.max_headers = 100});
  EXPECT_EQ(refusal("GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 431);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(200, 'a')), 431);
}

TEST_F(HttpLimits, very_many_small_headers) {
  serve({.max_headers = 1024 * 1024});
  std::string request = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 30'000; ++i) request += "a:\r\n";
  EXPECT_EQ(refusal(request), 431);
}

TEST_F(HttpLimits, a_request_that_trickles) {
  serve({.request = Millis{60}, .idle = Millis{60'000}});
  Peer peer(port_);
  peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  ASSERT_TRUE(until([&] {
    peer.send("x");  // never silent, and never done
    peer.read();
    return peer.closed;
  }));
  EXPECT_TRUE(peer.received.starts_with("HTTP/1.1 408 ")) << peer.received;
  EXPECT_TRUE(calls_.empty());
}

// The deadline of a request begins with its first byte, also when that came together with the one before.
TEST_F(HttpLimits, a_second_request_that_stops_half_way) {
  serve({.request = Millis{60}, .idle = Millis{60'000}});
  Peer peer(port_);
  peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTT");
  ASSERT_TRUE(until_closed(peer));
  EXPECT_NE(peer.received.find("HTTP/1.1 408 "), std::string::npos) << peer.received;
}

TEST_F(HttpLimits, a_caller_who_says_nothing) {
  serve({.request = Millis{60}, .idle = Millis{60'000}});
  Peer peer(port_);
  ASSERT_TRUE(until_closed(peer));
  EXPECT_EQ(peer.received, "");
}

TEST_F(HttpLimits, a_connection_that_idles) {
  serve({.request = Millis{60'000}, .idle = Millis{60}});
  Peer peer(port_);
  peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until_closed(peer));
  EXPECT_EQ(count(peer.received, "HTTP/1.1 "), 1u);
}

TEST_F(HttpLimits, a_handler_may_take_longer_than_the_connection_may_idle) {
  serve({.request = Millis{50}, .idle = Millis{50}});
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  Peer peer(port_);
  peer.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  bool passed = false;
  Timer later([&] { passed = true; });
  wheel_.start(later, Millis{200});
  ASSERT_TRUE(until([&] { return passed; }));
  ASSERT_EQ(kept_.size(), 1u);
  kept_[0].answer({.body = "done", .headers = {}});
  EXPECT_TRUE(until_received(peer, "done"));
}

TEST_F(HttpLimits, a_caller_who_does_not_read_is_not_read) {
  serve({.max_waiting = 256 * 1024, .request = Millis{60'000}});
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.body = std::string(64 * 1024, 'x'), .headers = {}});
  };
  Peer peer(port_, 4096);
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  peer.send(requests);
  ASSERT_TRUE(until([&] { return !calls_.empty(); }));
  for (int turns = 0; turns < 50; ++turns) uv_run(loop_.uv(), UV_RUN_ONCE);
  // What the kernel takes for a reader with a small window, and the limit: far from the 64 MB of all answers.
  EXPECT_LT(calls_.size(), 200u);
  std::size_t answers = 0;
  ASSERT_TRUE(until([&] {
    peer.read();
    answers += count(peer.received, "HTTP/1.1 200");
    peer.received.clear();
    return calls_.size() == 1000;
  }));
  EXPECT_GT(answers, 100u);
}

TEST_F(HttpLimits, a_caller_who_never_reads_is_cut) {
  serve({.max_waiting = 64 * 1024, .request = Millis{60}, .idle = Millis{60'000}});
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.body = std::string(16 * 1024 * 1024, 'x'), .headers = {}});
  };
  Peer peer(port_, 4096);
  peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until([&] { return server_->connections() == 1; }));
  EXPECT_TRUE(until([&] { return server_->connections() == 0; }));
}

TEST_F(HttpLimits, connections) {
  serve({.max_connections = 2});
  Peer first(port_), second(port_);
  ASSERT_TRUE(until([&] { return server_->connections() == 2; }));
  Peer third(port_);
  ASSERT_TRUE(until_closed(third));
  EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 ")) << third.received;
  EXPECT_EQ(server_->connections(), 2u);
}

struct Garbage {
  const char* name;
  const char* bytes;
  int status;
};

class HttpGarbage : public HttpLimits, public ::testing::WithParamInterface<Garbage> {};

TEST_P(HttpGarbage, is_refused_and_the_connection_closed) {
  serve();
  EXPECT_EQ(refusal(GetParam().bytes), GetParam().status);
  EXPECT_TRUE(calls_.empty());
}

INSTANTIATE_TEST_SUITE_P(
    all, HttpGarbage,
    ::testing::Values(
        Garbage{"no_http", "hello\r\n\r\n", 400}, Garbage{"a_TLS_hello", "\x16\x03\x01\x02\x01\xfc", 400},
        Garbage{"unknown_method", "FETCH / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Garbage{"an_HTTP_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        Garbage{"another_version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
        Garbage{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        Garbage{"two_hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Garbage{"length_and_chunked",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Garbage{"chunked_and_length",
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        Garbage{"two_lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        Garbage{"two_equal_lengths",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
        Garbage{"a_list_of_lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", 400},
        Garbage{"negative_length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        Garbage{"huge_length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        Garbage{"other_coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        Garbage{"chunked_not_last", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
                400},
        Garbage{"no_chunk_size", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        Garbage{"space_before_colon", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\na", 400}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dunlin
