// SPDX-License-Identifier: Apache-2.0
// The HTTP client, against the HTTP server.
#include "core/net/http_client.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "core/net/socket.h"
#include "tests/unit/net/http_scene.h"

namespace dunlin {
namespace {

class HttpClientTest : public HttpScene {
 protected:
  ~HttpClientTest() override { client_.close(); }

  HttpRequest get(const std::string& path) {
    HttpRequest request;
    request.method = "GET";
    request.url = url_ + path;
    return request;
  }

  HttpResponse ask(HttpRequest request) {
    std::optional<HttpResponse> got;
    client_.request(std::move(request), [&](const HttpResponse& response) { got = response; });
    EXPECT_FALSE(got.has_value()) << "called back from inside of request()";
    EXPECT_TRUE(until([&] { return got.has_value(); }));
    return got.value_or(HttpResponse{});
  }

  HttpClient client_{loop_};
};

std::string_view header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

TEST_F(HttpClientTest, brings_status_headers_and_body) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.status = 404, .body = "no", .type = "text/plain", .headers = "X-Mixed-Case:  Value \r\n"});
  };
  const HttpResponse response = ask(get("/there?is=it"));
  EXPECT_EQ(response.outcome, HttpOutcome::answered);
  EXPECT_EQ(response.code, 404);
  EXPECT_EQ(response.body, "no");
  EXPECT_EQ(response.url, url_ + "/there?is=it");
  EXPECT_EQ(header(response, "content-type"), "text/plain");
  EXPECT_EQ(header(response, "x-mixed-case"), "Value");
  EXPECT_EQ(calls_[0].query, "is=it");
}

TEST_F(HttpClientTest, connects_to_no_private_address_where_that_is_denied) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) { responder.answer({.status = 200, .body = "secret", .headers = {}}); };
  EXPECT_EQ(ask(get("/")).code, 200);  // and leaves a connection that could be used again
  HttpRequest guarded = get("/");
  guarded.public_only = true;
  const HttpResponse response = ask(guarded);
  EXPECT_EQ(response.outcome, HttpOutcome::unavailable);
  EXPECT_EQ(response.error, "its address is not public, and private ones are denied");
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(HttpClientTest, sends_method_headers_and_body) {
  serve();
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    HttpRequest request = get("/");
    request.method = method;
    request.body = std::string("a\0b", 3);
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    ASSERT_EQ(ask(request).code, 200);
    EXPECT_EQ(calls_.back().method, method);
    EXPECT_EQ(calls_.back().body, request.body);
    const auto& headers = calls_.back().headers;
    EXPECT_EQ(std::count(headers.begin(), headers.end(), std::pair<std::string, std::string>("x-empty", "")), 1);
    const auto typed = [](const auto& h) { return h.first == "content-type"; };
    EXPECT_EQ(std::count_if(headers.begin(), headers.end(), typed), 1);
  }
}

TEST_F(HttpClientTest, HEAD_waits_for_no_body) {
  serve();
  HttpRequest request = get("/abc");
  request.method = "HEAD";
  const HttpResponse response = ask(request);
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(header(response, "content-length"), "4");
}

TEST_F(HttpClientTest, keeps_connections) {
  serve();
  for (int i = 0; i < 5; ++i) ASSERT_EQ(ask(get("/")).code, 200);
  EXPECT_EQ(server_->connections(), 1u);
  for (const SeenCall& call : calls_) EXPECT_EQ(call.peer, calls_[0].peer);
}

TEST_F(HttpClientTest, opens_no_more_connections_than_asked_for) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  int done = 0;
  for (int i = 0; i < 6; ++i) {
    HttpRequest request = get("/");
    request.max_connections = 2;
    client_.request(request, [&](const HttpResponse& response) { done += response.code == 200; });
  }
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(until([&] { return kept_.size() > i; }));
    EXPECT_LE(server_->connections(), 2u);
    kept_[i].answer({.body = {}, .headers = {}});
  }
  EXPECT_TRUE(until([&] { return done == 6; }));
}

TEST_F(HttpClientTest, a_deadline_ends_the_wait) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  HttpRequest request = get("/");
  request.timeout = Millis{50};
  const HttpResponse response = ask(request);
  EXPECT_EQ(response.outcome, HttpOutcome::timeout);
  EXPECT_EQ(response.code, 0);
  EXPECT_FALSE(response.error.empty());
}

TEST_F(HttpClientTest, nobody_listens) {
  const auto fd = bind_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(fd);
  url_ = "http://127.0.0.1:" + std::to_string(bound_port(*fd));
  ::close(*fd);
  const HttpResponse response = ask(get("/"));
  EXPECT_EQ(response.outcome, HttpOutcome::unavailable);
  EXPECT_FALSE(response.error.empty());
}

TEST_F(HttpClientTest, an_answer_that_is_too_long) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.body = std::string(5000, 'x'), .headers = {}});
  };
  HttpRequest request = get("/");
  request.max_body = 5000;
  EXPECT_EQ(ask(request).body.size(), 5000u);
  request.max_body = 4999;
  const HttpResponse response = ask(request);
  EXPECT_EQ(response.outcome, HttpOutcome::too_big);
  EXPECT_EQ(response.error, "the answer is longer than 4999 bytes");
  EXPECT_TRUE(response.body.empty());
}

TEST_F(HttpClientTest, headers_without_end) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    std::string headers;
    for (int i = 0; i < 20'000; ++i) headers += "X-Header: and one more\r\n";
    responder.answer({.body = {}, .headers = headers});
  };
  EXPECT_EQ(ask(get("/")).outcome, HttpOutcome::too_big);
}

TEST_F(HttpClientTest, follows_redirects_when_asked_to) {
  serve();
  handler_ = [](const HttpCall& call, const HttpResponder& responder) {
    if (call.path == "/there") return responder.answer({.body = std::string(call.method), .headers = {}});
    responder.answer({.status = 303, .body = "elsewhere", .headers = "Location: /there\r\nX-First: 1\r\n"});
  };
  HttpRequest request = get("/here");
  request.method = "POST";
  request.body = "form";
  EXPECT_EQ(ask(request).code, 303);
  request.follow = true;
  const HttpResponse response = ask(request);
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.body, "GET");  // what 303 asks for
  EXPECT_EQ(response.url, url_ + "/there");
  EXPECT_EQ(header(response, "x-first"), "");
}

TEST_F(HttpClientTest, a_circle_of_redirects_ends) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.status = 302, .body = {}, .headers = "Location: /again\r\n"});
  };
  HttpRequest request = get("/");
  request.follow = true;
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  EXPECT_EQ(calls_.size(), 6u);  // and five that were followed
}

TEST_F(HttpClientTest, follows_to_no_other_protocol) {
  serve();
  handler_ = [](const HttpCall&, const HttpResponder& responder) {
    responder.answer({.status = 302, .body = {}, .headers = "Location: file:///etc/hostname\r\n"});
  };
  HttpRequest request = get("/");
  request.follow = true;
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  request.url = "file:///etc/hostname";
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
}

TEST_F(HttpClientTest, credentials_do_not_follow_to_another_host) {
  serve();
  handler_ = [this](const HttpCall& call, const HttpResponder& responder) {
    if (call.path == "/there") return responder.answer({.body = {}, .headers = {}});
    const std::string elsewhere = "http://localhost:" + std::to_string(port_) + "/there";
    responder.answer({.status = 302, .body = {}, .headers = "Location: " + elsewhere + "\r\n"});
  };
  HttpRequest request = get("/here");
  request.follow = true;
  request.headers = {{"Authorization", "Bearer secret"}};
  ASSERT_EQ(ask(request).code, 200);
  const auto bears = [](const SeenCall& call) {
    return std::any_of(call.headers.begin(), call.headers.end(),
                       [](const auto& h) { return h.first == "authorization"; });
  };
  EXPECT_TRUE(bears(calls_.front()));
  EXPECT_EQ(calls_.back().path, "/there");
  EXPECT_FALSE(bears(calls_.back()));
}

TEST_F(HttpClientTest, a_cancelled_request_is_not_heard_of_again) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  bool told = false;
  const std::uint64_t id = client_.request(get("/"), [&](const HttpResponse&) { told = true; });
  ASSERT_TRUE(until([&] { return kept_.size() == 1; }));
  EXPECT_TRUE(client_.cancel(id));
  EXPECT_FALSE(client_.cancel(id));
  kept_[0].answer({.body = "late", .headers = {}});
  EXPECT_TRUE(until([&] { return server_->connections() == 0; }));
  EXPECT_FALSE(told);
}

TEST_F(HttpClientTest, whoever_is_told_may_ask_again_and_cancel) {
  serve();
  std::optional<HttpResponse> second;
  std::uint64_t other = 0;
  client_.request(get("/1"), [&](const HttpResponse&) {
    client_.cancel(other);
    client_.request(get("/2"), [&](const HttpResponse& response) { second = response; });
  });
  other = client_.request(get("/never"), [](const HttpResponse&) {});
  ASSERT_TRUE(until([&] { return second.has_value(); }));
  EXPECT_EQ(second->body, "/2");
}

TEST_F(HttpClientTest, what_is_more_than_one_line_is_not_sent) {
  serve();
  HttpRequest request = get("/");
  request.headers = {{"X", "a\r\nAuthorization: Basic eA=="}};
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  request = get("/");
  request.method = "GET / HTTP/1.1\r\nX: y\r\n\r\nGET";
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  request = get("/\r\nX: y");
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  request = get("/" + std::string(9'000'000, 'x'));
  EXPECT_EQ(ask(request).outcome, HttpOutcome::unavailable);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(HttpClientTest, closes_with_requests_under_way) {
  serve();
  handler_ = [this](const HttpCall&, HttpResponder responder) { kept_.push_back(std::move(responder)); };
  bool told = false;
  for (int i = 0; i < 3; ++i) client_.request(get("/"), [&](const HttpResponse&) { told = true; });
  ASSERT_TRUE(until([&] { return kept_.size() == 3; }));
  client_.close();
  for (const HttpResponder& responder : kept_) responder.answer({.body = "late", .headers = {}});
  EXPECT_TRUE(until([&] { return server_->connections() == 0; }));
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace dunlin
