// SPDX-License-Identifier: Apache-2.0
#include "core/config/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace dunlin {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, with the files that configurations name.
class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "dunlin-config-XXXXXX").string();
    folder = mkdtemp(name.data());
    fs::create_directory(folder / "web");
    fs::create_directory(folder / "plugins");
  }
  ~Files() override { fs::remove_all(folder); }

  Result<Config> load(const std::string& yaml) {
    const std::string file = (folder / "dunlin.yaml").string();
    std::ofstream(file) << yaml;
    return load_config(file);
  }
  // The fault lines, without the folder.
  std::string faults(const std::string& yaml) {
    const auto config = load(yaml);
    if (config) return "";
    std::string text = config.error().why;
    for (const std::string prefix = folder.string() + "/"; text.find(prefix) != std::string::npos;)
      text.erase(text.find(prefix), prefix.size());
    return text;
  }

  fs::path folder;
};

constexpr const char* kLeast = "listeners:\n  - bind: 127.0.0.1:1\n    endpoints: [{path: /m, router: lua}]\n";

TEST_F(Files, the_least_has_every_default) {
  const auto config = load(kLeast);
  ASSERT_TRUE(config) << config.error().why;
  EXPECT_GE(config->workers, 1u);
  EXPECT_EQ(config->api.host, "127.0.0.1");
  EXPECT_EQ(config->api.port, 6789);
  EXPECT_EQ(config->listeners[0].endpoints[0].limits.idle, Millis{60'000});
  EXPECT_EQ(config->plugin_directory, (folder / "plugins").string());
  EXPECT_EQ(config->shutdown, Millis{10'000});
}

TEST_F(Files, a_whole_configuration) {
  setenv("DUNLIN_TEST_SECRET", "s3cret", 1);
  const auto config = load(R"(
node: {workers: 3, name: "n1"}
plugins: {directory: plugins}
listeners:
  - bind: "[::1]:6790"
    endpoints:
      - path: /m
        auth: [http-auth, {module: jwt-auth, on_error: pass, deadline: 2s}, {module: lua, entry: a.lua}]
        router: lua
        options: {a: 1463786910324359168, b: [x, "1", true, null, 1.5]}
        login: handshake
        limits: {message: 128KiB, idle: 500ms, outbox: 2MiB, channels: 7}
        compression: {threshold: 1KiB}
      - {path: /, static: web}
modules:
  lua: {entry: lua/message-center.lua, reload: 1s}
  http-auth: {url: "http://x/${DUNLIN_TEST_SECRET}/$${HOME}", timeout: 3s}
api: {bind: "0.0.0.0:1", access: [{username: u, password: p, roles: [read, write], host: "10.*"}]}
directory: {bind: 127.0.0.1:6787}
mesh: {engine: local}
queue: {topics: 100, size: 2000}
redis: []
log: {level: debug, format: json}
shutdown: 5s
)");
  ASSERT_TRUE(config) << config.error().why;
  EXPECT_EQ(config->workers, 3u);
  const Endpoint& endpoint = config->listeners[0].endpoints[0];
  EXPECT_EQ(config->listeners[0].bind.host, "::1");
  ASSERT_EQ(endpoint.auth.size(), 3u);
  EXPECT_EQ(endpoint.auth[0].settings, R"({"url":"http://x/s3cret/${HOME}","timeout":"3s"})");
  EXPECT_TRUE(endpoint.auth[1].on_error_pass);
  EXPECT_EQ(endpoint.auth[1].deadline, Millis{2000});
  EXPECT_EQ(endpoint.auth[2].settings, R"({"entry":"a.lua"})");
  EXPECT_EQ(endpoint.router.settings, R"({"entry":"lua/message-center.lua","reload":"1s"})");
  EXPECT_EQ(endpoint.options, R"({"a":1463786910324359168,"b":["x","1",true,null,1.5]})");
  EXPECT_EQ(endpoint.login, Login::handshake);
  EXPECT_EQ(endpoint.limits.message, 128u * 1024);
  EXPECT_EQ(endpoint.limits.idle, Millis{500});
  EXPECT_TRUE(endpoint.compression.on);
  EXPECT_EQ(endpoint.compression.threshold, 1024u);
  EXPECT_EQ(endpoint.compression.window_bits, 15u);
  EXPECT_EQ(config->listeners[0].endpoints[1].static_folder, (folder / "web").string());
  EXPECT_EQ(config->access[0].host, "10.*");
  EXPECT_EQ(config->log_format, LogFormat::json);
  EXPECT_EQ(config->shutdown, Millis{5000});
}

TEST_F(Files, compression_is_off_on_or_a_map) {
  const auto compression = [&](const std::string& value) {
    const auto config = load("listeners: [{bind: \":1\", endpoints: [{path: /m, router: x" + value + "}]}]");
    EXPECT_TRUE(config) << config.error().why;
    return config ? config->listeners[0].endpoints[0].compression : Compression{};
  };
  EXPECT_FALSE(compression("").on);
  EXPECT_FALSE(compression(", compression: off").on);
  EXPECT_TRUE(compression(", compression: on").on);
  EXPECT_TRUE(compression(", compression: {}").on);
  EXPECT_EQ(compression(", compression: {window_bits: 9}").window_bits, 9u);
}

struct Bad {
  const char *yaml, *fault;
};

TEST_F(Files, each_fault_says_where_what_and_what_would_be_right) {
  const std::string head = kLeast;
  const Bad kBad[] = {
      {"", "dunlin.yaml:1:1: the file is empty; must be a map of keys"},
      {"a: [", "dunlin.yaml:1:1: end of sequence flow not found"},
      {"log: {level: info}", "dunlin.yaml:1:1: no listener; write listeners: "},
      {"lsteners: []", R"(dunlin.yaml:1:1: unknown key "lsteners"; did you mean "listeners"?)"},
      {"log: {level: loud}", R"(dunlin.yaml:1:14: log.level: is "loud"; must be debug or info or warn or error)"},
      {"log: [x]", "dunlin.yaml:1:6: log: is a list; must be a map"},
      {"shutdown: 60", R"(dunlin.yaml:1:11: shutdown: "60" has no unit; write 60s)"},
      {"shutdown: 6 parsecs", R"(dunlin.yaml:1:11: shutdown: "6 parsecs" has an unknown unit)"},
      {"node: {workers: 0}", R"(dunlin.yaml:1:17: node.workers: is "0"; must be a whole number from 1 to 256)"},
      {"api: {bind: nowhere}", R"(dunlin.yaml:1:13: api.bind: "nowhere" is no address; write host:port)"},
      {"api: {bind: \"0.0.0.0:6789\"}", "dunlin.yaml:1:13: api.bind: 0.0.0.0 would be open to everybody; set api.access (users "
                                          "and passwords), or api.bind: 127.0.0.1:6789"},
      {"mesh: {engine: [nats]}", "dunlin.yaml:1:16: mesh.engine: is a list; must be a module's name or {module: NAME, …}"},
      {"queue: {durable: true}", "dunlin.yaml:1:18: queue.durable: needs JetStream; write mesh: {engine: nats}"},
      {"plugins: {directory: nope}", "dunlin.yaml:1:22: plugins.directory: there is no "},
      {"log: {level: info}\nlog: {}", "dunlin.yaml:2:1: log: is given twice"},
      {"modules: {lua: {a: \"${DUNLIN_UNSET_VARIABLE}\"}}", "dunlin.yaml:1:20: modules.lua: the environment has no DUNLIN_UNSET_VARIABLE"},
      {"modules: {lua: {a: 1, a: 2}}", R"(dunlin.yaml:1:23: modules.lua: key "a" is given twice)"},
      {"listeners: [{endpoints: []}]", "dunlin.yaml:1:13: listeners: has no `bind`"},
      {"listeners: [{bind: \":1\", protocol: socket, endpoints: [{path: /, router: x}]}]",
       "dunlin.yaml:1:55: listeners: a listener with `protocol: socket` has no endpoints; write `router` beside `bind`"},
      {"listeners: [{bind: \":1\", protocol: socket}]", "dunlin.yaml:1:13: listeners: has `protocol: socket` and no `router`"},
      {"listeners: [{bind: \":1\", protocol: udp, router: x}]", R"(listeners.protocol: is "udp"; must be websocket or socket)"},
      {"listeners: [{bind: \":1\", protocol: socket, router: x, limits: {message: 2KiB, buffer: 1KiB}}]",
       "listeners: buffer: is 1024 bytes, less than `message` (2048): no such packet could arrive; raise it"},
      {"listeners: [{bind: \":1\", protocol: socket, router: x, origins: [a]}]", "unknown key \"origins\""},
      {"listeners: [{bind: \":1\", limits: {message: 1KiB}, endpoints: [{path: /, router: x}]}]",
       "dunlin.yaml:1:34: listeners: `limits` stands in an endpoint, or beside `protocol: socket`; move it there"},
      {"listeners: [{bind: \":1\", endpoints: [{path: m, router: x}]}]",
       R"(dunlin.yaml:1:45: listeners.endpoints.path: is "m"; write /m)"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m}]}]", "has no `router`; write router: lua"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: x, static: web}]}]", "has `static` and `router`"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: x}, {path: /m, router: x}]}]", "path /m is taken"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: {entry: x}}]}]", "is a map without `module`"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: x, auth: [{module: a, on_error: maybe}]}]}]",
       "on_error: must be pass or refuse"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: x, compression: gzip}]}]",
       R"(listeners.endpoints.compression: is "gzip"; must be off or on)"},
      {"listeners: [{bind: \":1\", endpoints: [{path: /m, router: x, compression: {window_bits: 8}}]}]",
       R"(compression.window_bits: is "8"; must be a whole number from 9 to 15)"},
  };
  for (const Bad& bad : kBad) EXPECT_NE(faults(bad.yaml).find(bad.fault), std::string::npos) << faults(bad.yaml);
}

TEST_F(Files, every_fault_is_reported) {
  const std::string text = faults("shutdown: 1\nlog: {level: x}\nfoo: 1\n");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

TEST_F(Files, a_missing_file_is_said) {
  EXPECT_EQ(load_config("/no/such.yaml").error().why, "/no/such.yaml: there is no such file");
}

TEST_F(Files, settings_are_held_against_a_schema) {
  const auto config = load(std::string(kLeast) + "modules:\n  lua:\n    entry: 5\n    retries: [1, x]\n    extra: 1\n");
  ASSERT_TRUE(config) << config.error().why;
  const ModuleUse& use = config->modules.at("lua");
  const char* schema = R"({"type":"object","additionalProperties":false,"required":["entry"],
    "properties":{"entry":{"type":"string"},"retries":{"type":"array","items":{"type":"integer"}},"extras":{}}})";
  const auto lines = check_settings("f", use, schema);
  const std::string all = [&] {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    return text;
  }();
  EXPECT_NE(all.find(R"(f:8:12: modules.lua.extra: unknown key "extra"; did you mean "extras"?)"), std::string::npos) << all;
  EXPECT_TRUE(check_settings("f", use, nullptr).empty());
  ModuleUse good = use;
  good.settings = R"({"entry":"x","retries":[1]})";
  EXPECT_TRUE(check_settings("f", good, schema).empty());
  good.settings = R"({"entry":5})";
  EXPECT_NE(check_settings("f", good, schema).at(0).find(R"(modules.lua.entry: is a number; must be of type "string")"), std::string::npos);
  good.settings = "{}";
  EXPECT_NE(check_settings("f", good, schema).at(0).find("modules.lua: needs `entry`"), std::string::npos);
}

TEST(Values, durations_and_sizes) {
  EXPECT_EQ(*parse_duration("1500ms"), Millis{1500});
  EXPECT_EQ(*parse_duration("1d"), Millis{86'400'000});
  EXPECT_EQ(*parse_size("512"), 512u);
  EXPECT_EQ(*parse_size("64KiB"), 65536u);
  EXPECT_EQ(*parse_size("2GiB"), 2147483648u);
  for (const char* bad : {"", "s", "-1s", "1.5s", "10", "1 s", "1S", "99999999999999999999s", "9223372036854775807d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  for (const char* bad : {"", "KiB", "1kb", "-1", "1.5MiB"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Documentation, has_the_table_that_the_loader_reads) {
  std::ifstream stream(std::string(DUNLIN_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_NE(text.find("<!-- keys -->\n" + config_keys_markdown() + "<!-- /keys -->"), std::string::npos)
      << "put this between the marks of docs/configuration.md:\n" << config_keys_markdown();
}

}  // namespace
}  // namespace dunlin
