// SPDX-License-Identifier: Apache-2.0
// What a reload may change, and what needs a restart.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/check.h"
#include "core/config/loader.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

class Changes : public testing::Test {
 protected:
  Changes() {
    std::string name = (fs::temp_directory_path() / "dunlin-changes-XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~Changes() override { fs::remove_all(folder); }

  Config load(const std::string& yaml) {
    const std::string file = (folder / "dunlin.yaml").string();
    std::ofstream(file) << yaml;
    auto config = load_config(file);
    CHECK(config.has_value());
    return *config;
  }
  // The keys that need a restart.
  std::string between(const std::string& running, const std::string& wanted) {
    std::string keys;
    const Config before = load(running);
    for (const std::string& line : restart_needed(before, load(wanted))) {
      const std::size_t key = line.find(": ") + 2;
      keys += line.substr(key, line.find(": ", key) - key) + ";";
    }
    return keys;
  }

  fs::path folder;
};

std::string file(const std::string& endpoint, const std::string& more = "", const std::string& bind = "127.0.0.1:1") {
  return "listeners:\n  - bind: " + bind + "\n    endpoints: [{path: /m, router: lua" + endpoint + "}]\n" + more;
}

TEST_F(Changes, nothing_needs_nothing) { EXPECT_EQ(between(file(""), file("")), ""); }

TEST_F(Changes, what_modules_and_endpoints_do_is_reloaded) {
  EXPECT_EQ(between(file(""), file(", auth: [jwt-auth], limits: {idle: 5s}, compression: {threshold: 1KiB}, options: {a: [1, {b: 2}]}, login: handshake",
                                   "modules: {lua: {entry: x}}\nlog: {level: debug}\nshutdown: 3s\n")),
            "");
}

TEST_F(Changes, what_is_bound_at_the_start_needs_a_restart) {
  EXPECT_EQ(between(file(""), file("", "", "127.0.0.1:2")), "listeners[0].bind;");
  EXPECT_EQ(between(file(""), file("", "node: {workers: 3}\napi: {bind: 127.0.0.1:9}\n")), "api.bind;node.workers;");
  EXPECT_EQ(between(file("", "node: {name: a}\n"), file("", "node: {name: b}\n")), "node.name;");
}

TEST_F(Changes, a_default_that_is_written_down_is_no_change) {
  EXPECT_EQ(between(file(""), file("", "node: {workers: auto}\napi: {bind: 127.0.0.1:6789}\n")), "");
  EXPECT_EQ(between(file("", "node: {workers: auto}\n"), file("")), "");
}

TEST_F(Changes, one_endpoint_more_or_less_needs_a_restart) {
  const std::string two = "listeners:\n  - bind: 127.0.0.1:1\n    endpoints: [{path: /m, router: lua}, {path: /n, router: lua}]\n";
  EXPECT_EQ(between(file(""), two), "listeners[0].endpoints[1].path;");
  EXPECT_EQ(between(two, file("")), "listeners[0].endpoints[1].path;");
}

TEST_F(Changes, a_value_of_the_environment_counts_as_what_it_is) {
  setenv("DUNLIN_TEST_NAME", "one", 1);
  const Config before = load(file("", "node: {name: \"${DUNLIN_TEST_NAME}\"}\n"));
  setenv("DUNLIN_TEST_NAME", "two", 1);
  EXPECT_EQ(restart_needed(before, load(file("", "node: {name: \"${DUNLIN_TEST_NAME}\"}\n"))).size(), 1u);
}

}  // namespace
}  // namespace dunlin
