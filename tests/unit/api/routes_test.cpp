// SPDX-License-Identifier: Apache-2.0
// Which method and path is served where, and what is said of the others.
#include "tests/unit/api/api_scene.h"

namespace dunlin {
namespace {

class ApiRoutes : public ApiScene {
 protected:
  void SetUp() override {
    nodes_ = {{.id = "n1", .name = "a \"node\"", .api_server = "127.0.0.1:6789", .version = "0.1.0",
               .started_at_ms = 1'700'000'000'999, .connections = 3, .workers = 2}};
  }
  std::string figures() {
    std::vector<Sample> samples;
    api_->collect(samples);
    std::string out;
    for (const Sample& sample : samples)
      if (sample.name == "dunlin_api_answers_total")
        out += sample.labels[0].second + "=" + std::to_string(static_cast<int>(sample.value)) + " ";
    return out;
  }
};

TEST_F(ApiRoutes, version) {
  const HttpAnswer answer = get("/version");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"apis":["v1"],"name":"dunlin","version":")" DUNLIN_VERSION R"("})");
}

TEST_F(ApiRoutes, nodes) {
  const std::string body = get("/v1/nodes").body;
  EXPECT_TRUE(body.starts_with(R"({"nodes":[{"id":"n1","name":"a \"node\"","api_server":"127.0.0.1:6789","version":"0.1.0",)"
                               R"("workers":2,"connections":3,"started_at":1700000000,"uptime":)"))
      << body;
}

TEST_F(ApiRoutes, HEAD_is_served_where_GET_is) { EXPECT_EQ(call({"HEAD", "/version", ""}).status, 200); }

TEST_F(ApiRoutes, what_is_not_there) {
  const HttpAnswer answer = get("/v2/mesh/publish");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"E":{"c":404,"m":"there is no /v2/mesh/publish"}})");
  EXPECT_TRUE(json::valid(get("/\"\xff").body));
}

TEST_F(ApiRoutes, another_method_is_told_which_are_served) {
  const HttpAnswer wrong = get("/v1/mesh/publish");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers, "Allow: POST\r\n");
  EXPECT_EQ(call({"OPTIONS", "/metrics", ""}).headers, "Allow: GET, HEAD\r\n");
}

TEST_F(ApiRoutes, the_directory_serves_only_who_is_there) {
  EXPECT_EQ(call({.method = "GET", .path = "/version", .body = {}, .directory = true}).status, 200);
  EXPECT_EQ(call({.method = "GET", .path = "/v1/nodes", .body = {}, .directory = true}).status, 200);
  EXPECT_EQ(call({.method = "GET", .path = "/metrics", .body = {}, .directory = true}).status, 404);
  EXPECT_EQ(call({.method = "POST", .path = "/v1/mesh/publish", .body = {}, .directory = true}).status, 404);
  EXPECT_EQ(call({.method = "POST", .path = "/version", .body = {}, .directory = true}).status, 405);
}

TEST_F(ApiRoutes, the_directory_asks_for_no_password) {
  config_.access = {{.username = "ann", .password = "secret", .read = true, .write = true}};
  EXPECT_EQ(call({.method = "GET", .path = "/v1/nodes", .body = {}, .directory = true}).status, 200);
  EXPECT_EQ(get("/v1/nodes").status, 401);
}

TEST_F(ApiRoutes, while_draining_only_figures_are_served) {
  draining_ = true;
  const HttpAnswer answer = post("/v1/mesh/publish", R"({"c":"a","d":"b"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers, "Retry-After: 5\r\n");
  EXPECT_EQ(get("/version").status, 503);
  EXPECT_EQ(get("/metrics").status, 200);
  EXPECT_TRUE(mesh_.asked.empty());
}

TEST_F(ApiRoutes, every_answer_is_counted) {
  get("/version");
  get("/metrics");
  get("/nowhere");
  post("/v1/mesh/publish", "");
  EXPECT_EQ(api_->refused(408, "slow"), R"({"E":{"c":408,"m":"slow"}})");
  EXPECT_EQ(api_->refused(400, "bad"), R"({"E":{"c":101,"m":"bad"}})");
  EXPECT_EQ(figures(), "200=2 404=1 400=2 408=1 ");
}

TEST_F(ApiRoutes, metrics_of_several_workers_are_added_up) {
  const auto counter = [](double value) {
    return Sample{.name = "dunlin_publishes_total", .help = "Publishes", .labels = {{"kind", "a\"b"}}, .value = value,
                  .buckets = {}};
  };
  const auto gauge = [](const char* worker, double value) {
    return Sample{.name = "dunlin_connections", .help = "Connections", .type = MetricType::gauge,
                  .labels = {{"worker", worker}}, .value = value, .buckets = {}};
  };
  const Sample histogram{.name = "dunlin_hook_seconds", .help = "Hooks", .type = MetricType::histogram, .labels = {},
                         .value = 0.5, .count = 3, .buckets = {{0.001, 1}, {1, 2}}};
  samples_ = {counter(9'007'199'254'740'000), gauge("0", 2), histogram, counter(991), gauge("1", 3), histogram};
  const HttpAnswer answer = get("/metrics");
  EXPECT_EQ(answer.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(answer.body,
            "# HELP dunlin_connections Connections\n"
            "# TYPE dunlin_connections gauge\n"
            "dunlin_connections{worker=\"0\"} 2\n"
            "dunlin_connections{worker=\"1\"} 3\n"
            "# HELP dunlin_hook_seconds Hooks\n"
            "# TYPE dunlin_hook_seconds histogram\n"
            "dunlin_hook_seconds_count 6\n"
            "dunlin_hook_seconds_sum 1\n"
            "dunlin_hook_seconds_bucket{le=\"0.001\"} 2\n"
            "dunlin_hook_seconds_bucket{le=\"1\"} 4\n"
            "dunlin_hook_seconds_bucket{le=\"+Inf\"} 6\n"
            "# HELP dunlin_publishes_total Publishes\n"
            "# TYPE dunlin_publishes_total counter\n"
            "dunlin_publishes_total{kind=\"a\\\"b\"} 9007199254740991\n");
}

}  // namespace
}  // namespace dunlin
