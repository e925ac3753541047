// SPDX-License-Identifier: Apache-2.0
// Publishing with a window: a message is outstanding until every one of its subscribers has it. Each subscriber knows
// the number that comes next, so that one lost, twice or out of order shows at once; none is left out of the check.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/bench/histogram.h"
#include "core/bench/payload.h"
#include "core/bench/publisher.h"
#include "core/bench/work.h"

namespace dunlin::bench {
namespace {

constexpr std::int64_t kPatienceNs = 5'000'000'000;  // for what is outstanding in the end

class Delivery {
 public:
  explicit Delivery(Run run)
      : run_(run), fan_out_(run.options.work == Work::fan_out), size_(run.options.size),
        channels_(fan_out_ ? 1 : run.options.connections * run.options.channels), numbers_(channels_),
        awaited_(fan_out_ ? run.options.connections : channels_), flights_(run.options.window),
        cut_(run.dialogue.row().stream ? run.options.connections : 0) {
    for (unsigned channel = 0; channel < channels_; ++channel)
      frame_sizes_.push_back(size_ + run.dialogue.wrapping(run.crowd.subject(channel)));
  }

  Status execute() {
    if (Status ready = connect_publishers(); !ready) return ready;
    run_.crowd.on_frame([this](WsClient& client, std::string_view payload) { take(client, payload); });
    Stretch stretch(run_.options, run_.server, run_.findings);
    rate_from_ = steady_ns();
    while (stretch.goes_on(messages_, deliveries_)) {
      record_ = stretch.measuring();
      publish();
      turn();
      if (!error().empty()) break;
      run_.progress.show("publishing", stretch.share());
    }
    finish();
    return ok();
  }

 private:
  struct Flight {
    std::uint64_t message = ~std::uint64_t{0};
    std::int64_t sent_ns = 0;
    unsigned missing = 0;
  };

  Status connect_publishers() {
    for (unsigned i = 0; i < run_.options.publishers; ++i) {
      auto made = make_publisher(run_.poller, run_.dialogue, run_.options, run_.options.connections + i);
      if (!made) return made.error();
      publishers_.push_back(std::move(*made));
    }
    const std::int64_t deadline = steady_ns() + kPatienceNs;
    const auto waiting = [&](const auto& one) { return !one->ready(); };
    while (std::any_of(publishers_.begin(), publishers_.end(), waiting)) {
      run_.poller.turn(std::chrono::milliseconds{100});
      if (!error().empty()) return fail(Errc::unavailable, error());
      if (steady_ns() > deadline) return fail(Errc::unavailable, "the publisher does not get through");
    }
    return ok();
  }

  std::string error() const {
    if (!run_.crowd.error().empty()) return run_.crowd.error();
    for (const auto& publisher : publishers_)
      if (!publisher->error().empty()) return publisher->error();
    return {};
  }

  // How many the asked rate allows by now.
  bool due() const {
    return run_.options.rate <= 0 ||
           static_cast<double>(messages_) < static_cast<double>(steady_ns() - rate_from_) / 1e9 * run_.options.rate;
  }

  // When the message that comes next was to go out: with a rate a server that falls behind is not spared (open loop).
  std::int64_t due_ns() const {
    if (run_.options.rate <= 0) return steady_ns();
    return rate_from_ + static_cast<std::int64_t>(static_cast<double>(messages_) * 1e9 / run_.options.rate);
  }

  void publish() {
    // Whole batches alone: one that is not full is not sent.
    const unsigned batch = run_.options.batch;
    while (outstanding_ + batch <= run_.options.window && due())
      for (unsigned i = 0; i < batch; ++i) publish_one();
    for (const auto& publisher : publishers_) publisher->flush();
  }

  void publish_one() {
    Flight& flight = flights_[static_cast<std::size_t>(messages_ % flights_.size())];
    const auto channel = static_cast<unsigned>(messages_ % channels_);
    // The slot's last message may still be out although others are back: then they are not in one row.
    if (flight.missing > 0) return overtaken();
    flight = {messages_, due_ns(), fan_out_ ? run_.options.connections : 1};
    const std::string payload = make_payload({channel, numbers_[channel]++, messages_}, size_);
    publishers_[static_cast<std::size_t>(messages_ / run_.options.batch % publishers_.size())]->publish(
        run_.crowd.subject(channel), payload);
    ++messages_;
    ++outstanding_;
  }

  // Doubles the slots; each message's slot is its number modulo their count.
  void overtaken() {
    std::vector<Flight> wider(flights_.size() * 2);
    for (const Flight& flight : flights_)
      if (flight.missing > 0) wider[static_cast<std::size_t>(flight.message % wider.size())] = flight;
    flights_ = std::move(wider);
    publish_one();
  }

  void turn() {
    using namespace std::chrono_literals;
    run_.poller.turn(run_.options.rate > 0 ? std::chrono::nanoseconds{50us} : 100ms);
  }

  void take(WsClient& client, std::string_view payload) {
    now_ = steady_ns();
    if (!cut_.empty()) return take_stream(client, payload);
    std::string_view rest = payload;
    const auto found = next_payload(rest, size_);
    if (!found) return;  // what carries none of our marks is the server's own talk
    const bool whole = found->whole && found->stamp.channel < channels_ && payload.size() == frame_sizes_[found->stamp.channel];
    count(client, whole ? &found->stamp : nullptr);
  }

  // Where messages do not lie one in a frame each: what is cut off waits for the next frame.
  void take_stream(WsClient& client, std::string_view payload) {
    std::string& before = cut_[client.index()];
    before += payload;
    std::string_view rest = before;
    for (;;) {
      const std::size_t begin = rest.find("<~");
      if (begin == std::string_view::npos || rest.size() - begin < size_) break;
      if (const auto found = next_payload(rest, size_)) count(client, found->whole ? &found->stamp : nullptr);
    }
    const std::size_t begin = rest.find("<~");
    before = begin == std::string_view::npos ? (rest.ends_with('<') ? "<" : "") : std::string(rest.substr(begin));
  }

  void count(WsClient& client, const Stamp* stamp) {
    Findings& findings = run_.findings;
    if (!stamp || stamp->channel >= channels_ || (!fan_out_ && stamp->channel % run_.options.connections != client.index())) {
      ++findings.damaged;
      return;
    }
    std::uint64_t& awaited = awaited_[fan_out_ ? client.index() : stamp->channel];
    if (stamp->number != awaited) {
      ++(stamp->number < awaited ? findings.repeated : findings.disordered);
      if (stamp->number < awaited) return;
    }
    awaited = stamp->number + 1;
    Flight& flight = flights_[static_cast<std::size_t>(stamp->message % flights_.size())];
    if (flight.message != stamp->message || flight.missing == 0) {
      ++findings.repeated;
      return;
    }
    ++deliveries_;
    if (record_) latencies_.record(now_ - flight.sent_ns);
    if (--flight.missing == 0) --outstanding_;
  }

  // Waits for what is outstanding; whatever does not come is lost.
  void finish() {
    std::int64_t deadline = steady_ns() + kPatienceNs;
    const auto unanswered = [](const auto& one) { return !one->answered(); };
    while (error().empty() && steady_ns() < deadline &&
           (outstanding_ > 0 || std::any_of(publishers_.begin(), publishers_.end(), unanswered))) {
      const std::uint64_t before = deliveries_;
      run_.poller.turn(std::chrono::milliseconds{100});
      if (deliveries_ != before) deadline = steady_ns() + kPatienceNs;
    }
    for (const Flight& flight : flights_) run_.findings.lost += flight.missing;
    run_.findings.error = error();
    if (run_.findings.error.empty() && std::any_of(publishers_.begin(), publishers_.end(), unanswered))
      run_.findings.error = "a publish was never answered";
    run_.findings.p50_us = latencies_.microseconds(0.5);
    run_.findings.p99_us = latencies_.microseconds(0.99);
    run_.findings.p999_us = latencies_.microseconds(0.999);
    run_.findings.max_us = latencies_.microseconds(1);
  }

  Run run_;
  const bool fan_out_;
  const std::size_t size_;
  const unsigned channels_;
  std::vector<std::size_t> frame_sizes_;  // of each channel's messages, as they are delivered
  std::vector<std::uint64_t> numbers_;    // the next of each channel
  std::vector<std::uint64_t> awaited_;    // by each subscriber of each channel
  std::vector<Flight> flights_;
  std::vector<std::string> cut_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  Histogram latencies_;
  std::uint64_t messages_ = 0, deliveries_ = 0;
  unsigned outstanding_ = 0;
  std::int64_t now_ = 0, rate_from_ = 0;
  bool record_ = false;
};

}  // namespace

Status run_delivery(Run run) { return Delivery(run).execute(); }

}  // namespace dunlin::bench
