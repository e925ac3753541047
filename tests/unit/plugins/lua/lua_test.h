// SPDX-License-Identifier: Apache-2.0
// LuaTest: the real module on a FakeHost, with the script of the test. Reads like the life of a connection.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/plugins/lua/fake_host.h"

namespace dunlin::test {

inline dunlin_str lend(const std::string& text) { return {text.data(), text.size()}; }

class LuaTest : public ::testing::Test {
 protected:
  LuaTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("dunlin-lua-") + std::to_string(getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder_);
    host_ = std::make_unique<FakeHost>(folder_.string());
    host_->login = [](const std::string& token) { return FakeLogin{DUNLIN_OK, token, DUNLIN_UID_NUMBER}; };
  }
  ~LuaTest() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  dunlin_status configure(const std::string& settings) {
    host_->setup_only = true;
    const dunlin_status status = module().configure(host_->table(), lend(settings), &settings_);
    host_->setup_only = false;
    return status;
  }
  // Loads `script` as the entry. `more` is further settings, such as `,"reload":"0s"`.
  void load(const std::string& script, const std::string& more = "") {
    write("entry.lua", script);
    start(R"({"entry":"entry.lua")" + more + "}");
  }
  void start(const std::string& settings) {
    ASSERT_EQ(configure(settings), DUNLIN_OK) << host_->faults.begin()->second;
    ASSERT_EQ(module().create(host_->table(), settings_, &instance_), DUNLIN_OK) << host_->logged();
  }
  void stop() {
    if (instance_) module().destroy(std::exchange(instance_, nullptr));
    if (settings_) module().discard(std::exchange(settings_, nullptr));
  }

  dunlin_verdict open(dunlin_conn conn) {
    host_->conns[conn];
    return router().open(instance_, conn, ++ticket_);
  }
  // Hands over a message; the verdict, or PENDING.
  dunlin_verdict message(dunlin_conn conn, const std::string& text, std::uint32_t kind = DUNLIN_TEXT) {
    host_->conns[conn];
    const dunlin_message message{lend(text), kind, 0};
    return router().message(instance_, conn, &message, ++ticket_);
  }
  void close(dunlin_conn conn, std::int32_t code, const std::string& why = "") {
    const dunlin_str reason = lend(why);
    router().close(instance_, conn, code, why.empty() ? nullptr : &reason);
  }
  // What the connection was sent since the last call.
  std::vector<std::string> received(dunlin_conn conn) { return std::exchange(host_->conns[conn].sent, {}); }
  // A message, its callbacks, and what came back.
  std::string ask(dunlin_conn conn, const std::string& text) {
    message(conn, text);
    host_->turn();
    const auto answers = received(conn);
    return answers.size() == 1 ? answers[0] : std::to_string(answers.size()) + " answers";
  }
  // Evaluates a Lua expression and gives it as text.
  std::string eval(const std::string& expression) { return ask(1, expression); }
  static std::string evaluator() {
    return "function on_message(msg) local f = assert(load('return ' .. msg.data)) "
           "mix.websocket():send(tostring(f())) end";
  }

  dunlin_verdict check(const std::string& token) {
    host_->conns[1];
    const dunlin_credentials credentials{lend(token), DUNLIN_LOGIN_MESSAGE, 0};
    return auth().check(instance_, 1, &credentials, ++ticket_);
  }
  FakeAnswer& answer() { return host_->answers[ticket_]; }

  static const dunlin_module& module() { return *dunlin_plugin_v1.module; }
  static const dunlin_router& router() {
    return *static_cast<const dunlin_router*>(module().get_interface(DUNLIN_ROUTER));
  }
  static const dunlin_auth& auth() { return *static_cast<const dunlin_auth*>(module().get_interface(DUNLIN_AUTH)); }

  std::filesystem::path folder_;
  std::unique_ptr<FakeHost> host_;
  dunlin_settings* settings_ = nullptr;
  dunlin_instance* instance_ = nullptr;
  dunlin_ticket ticket_ = 0;
};

}  // namespace dunlin::test
