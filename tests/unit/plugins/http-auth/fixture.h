// SPDX-License-Identifier: Apache-2.0
// A Checker on a fake host and a clock that stands still until the test moves it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "plugins/http-auth/checker.h"
#include "tests/unit/plugins/http-auth/fake_host.h"

namespace dunlin::http_auth {

class StillClock : public Clock {
 public:
  std::int64_t steady_ms() const override { return now_ms; }
  std::int64_t unix_ms() const override { return 1'700'000'000'000 + now_ms; }
  std::int64_t now_ms = 1000;
};

class CheckerTest : public testing::Test {
 protected:
  // `more` is what goes into the settings beside the url, with a comma in front.
  void start(const std::string& more = "") {
    Fault fault;
    auto parsed = parse_settings(R"({"url": "http://backend/auth")" + more + "}", "/", fault);
    ASSERT_TRUE(parsed) << fault.pointer << ": " << fault.what;
    settings = std::move(*parsed);
    checker = std::make_unique<Checker>(settings, words, clock);
  }
  dunlin_ticket check(const std::string& token) {
    ++last_ticket;
    last_verdict = checker->check(plugin::Conn(words, 7), token, last_ticket);
    return last_ticket;
  }
  const FakeHost::Answer& answer(dunlin_ticket ticket) { return host.answers.at(ticket); }
  bool answered(dunlin_ticket ticket) const { return host.answers.contains(ticket); }
  // A check that fails at once on every try.
  void check_and_fail() {
    check("t");
    host.fail(host.sent.size() - 1, DUNLIN_E_UNAVAILABLE);
  }

  FakeHost host;
  const plugin::Host words{&host};
  StillClock clock;
  Settings settings;
  std::unique_ptr<Checker> checker;
  dunlin_ticket last_ticket = 0;
  dunlin_verdict last_verdict = DUNLIN_PASS;
};

}  // namespace dunlin::http_auth
