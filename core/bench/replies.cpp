// SPDX-License-Identifier: Apache-2.0
// A request and its answer on the same connection: echo, log-in. `window` connections have one under way at a time, in
// turn.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/bench/histogram.h"
#include "core/bench/payload.h"
#include "core/bench/work.h"

namespace dunlin::bench {
namespace {

constexpr std::int64_t kPatienceNs = 5'000'000'000;

class Replies {
 public:
  explicit Replies(Run run)
      : run_(run), echo_(run.options.work == Work::echo), binary_(run.dialogue.row().binary),
        asked_ns_(run.options.connections) {}

  Status execute() {
    run_.crowd.on_frame([this](WsClient& client, std::string_view payload) { take(client, payload); });
    Stretch stretch(run_.options, run_.server, run_.findings);
    const unsigned window = std::min(run_.options.window, run_.options.connections);
    while (stretch.goes_on(done_, done_)) {
      record_ = stretch.measuring();
      for (; outstanding_ < window; turn_ = (turn_ + 1) % run_.options.connections) ask(*run_.crowd.clients()[turn_]);
      run_.poller.turn(std::chrono::milliseconds{100});
      if (!error().empty()) break;
      run_.progress.show(echo_ ? "echoing" : "logging in", stretch.share());
    }
    for (const std::int64_t deadline = steady_ns() + kPatienceNs;
         outstanding_ > 0 && error().empty() && steady_ns() < deadline;)
      run_.poller.turn(std::chrono::milliseconds{100});
    run_.findings.lost = outstanding_;
    run_.findings.error = error();
    run_.findings.p50_us = latencies_.microseconds(0.5);
    run_.findings.p99_us = latencies_.microseconds(0.99);
    run_.findings.p999_us = latencies_.microseconds(0.999);
    run_.findings.max_us = latencies_.microseconds(1);
    return ok();
  }

 private:
  const std::string& error() const { return run_.crowd.error().empty() ? error_ : run_.crowd.error(); }

  void ask(WsClient& client) {
    if (asked_ns_[client.index()] != 0) return;  // all others are busy, too
    asked_ns_[client.index()] = steady_ns();
    ++outstanding_;
    if (echo_) {
      client.send(make_payload({client.index(), client.next, client.next}, run_.options.size), binary_);
    } else {
      client.send(run_.dialogue.login(run_.crowd.subject(client.index())).front(), binary_);
    }
    client.flush();
  }

  void take(WsClient& client, std::string_view payload) {
    std::int64_t& asked = asked_ns_[client.index()];
    if (asked == 0) {
      ++run_.findings.repeated;
      return;
    }
    if (echo_) {
      std::string_view rest = payload;
      const auto found = next_payload(rest, run_.options.size);
      if (!found || !found->whole || payload.size() != run_.options.size || found->stamp.channel != client.index()) {
        ++run_.findings.damaged;
      } else if (found->stamp.number != client.next) {
        ++run_.findings.disordered;
      }
      ++client.next;
    } else if (!run_.dialogue.is_answer(payload)) {
      error_ = fmt::format("a log-in was answered with {}", payload.substr(0, 200));
    }
    if (record_) latencies_.record(steady_ns() - asked);
    asked = 0;
    --outstanding_;
    ++done_;
  }

  Run run_;
  const bool echo_, binary_;
  std::vector<std::int64_t> asked_ns_;  // 0: nothing under way
  Histogram latencies_;
  unsigned turn_ = 0, outstanding_ = 0;
  std::uint64_t done_ = 0;
  bool record_ = false;
  std::string error_;
};

}  // namespace

Status run_replies(Run run) { return Replies(run).execute(); }

}  // namespace dunlin::bench
