// SPDX-License-Identifier: Apache-2.0
// A stage for sessions: real table, hub and timers; a transport and modules that do as the test says.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/hub/channels.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/plugin/runtime.h"
#include "core/session/session_table.h"

namespace dunlin {

// What ModuleRuntime's test double (scene.cpp) answers with, and what it saw.
struct Script {
  std::optional<RouterOutcome> open = RouterOutcome::proceed;
  std::optional<RouterOutcome> message = RouterOutcome::proceed;
  std::optional<LoginAnswer> login;
  bool pending = false;  // is an answer awaited?
  std::function<void(ClientId)> on_message;  // runs inside the hook
  std::function<Encoded(ClientId, const Message&)> encode;  // 0: for all
  std::vector<std::string> seen;             // "open", "message TEXT", "close CODE", "cancel", "login TOKEN", …
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(Flusher& flusher) : box(flusher, *this, 1000) {}
  Protocol protocol() const override { return speaks; }
  Outbox& outbox() override { return box; }
  void pause_reading(bool pause) override { paused = pause; }
  void ping() override { ++pings; }
  unsigned window_bits() const override { return agreed_bits; }
  void finish(int code, std::string_view text) override {
    finished = code;
    finish_text = text;
  }
  Took write(std::string_view frames) override {
    written += frames;
    return stalled ? Took::blocked : Took::all;
  }
  void overflowed() override {
    if (on_overflow) on_overflow();
  }

  Protocol speaks = Protocol::websocket;
  unsigned agreed_bits = 0;
  std::string written, finish_text;
  std::function<void()> on_overflow;
  int finished = 0, pings = 0;
  bool paused = false, stalled = false;
  Outbox box;
};

class Scene : public testing::Test {
 protected:
  Scene();
  void TearDown() override;  // ends the sessions, while a test's own transports stand

  Session& connect(std::unique_ptr<Handshake> handshake = std::make_unique<Handshake>());
  void end_turn();
  // Runs the loop until `done`; fails the test after ten seconds.
  void run_until(const std::function<bool()>& done);
  double figure(const std::string& name, const std::string& label = "");
  static LoginAnswer allowed(std::string uid, std::uint32_t kind = DUNLIN_UID_NUMBER);

  Script script;
  Endpoint endpoint;
  ModuleSet::EndpointModules endpoint_modules;
  ServedEndpoint served{.endpoint = endpoint, .modules = endpoint_modules};
  Log log{-1};
  Counters counters;
  Loop loop;
  TimerWheel wheel{loop};
  Mailbox keeps_running{loop};
  Flusher flusher{counters};
  Channels channels{flusher, counters};
  SessionTable table{1, 0, channels, flusher, wheel, counters, log, [this](std::function<void()> task) { loop.defer(std::move(task)); }};
  std::unique_ptr<ModuleRuntime> modules;
  FakeTransport transport{flusher};
};

}  // namespace dunlin
