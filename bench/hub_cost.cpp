// SPDX-License-Identifier: Apache-2.0
// What the hub alone costs, without sockets: memory of a subscription, CPU of a publish to one of so many channels and of
// an unsubscribe and subscribe.
//
//   hub-cost                              a table
//   hub-cost CLIENTS EACH WORK COUNT      COUNT operations once, for callgrind: EACH channels of every client's own, or
//                                         (churn-shared) EACH channels that all clients share
//
// CPU time of the thread, the least of several rounds: other work on the machine hardly shows in it.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/hub/channels.h"

namespace {

using namespace dunlin;

constexpr std::size_t kTurn = 16;  // publishes between two ends of a turn
constexpr std::size_t kRounds = 9, kCalls = 200'000;

class Client final : public Sink {
 public:
  Client(Flusher& flusher, Channels& channels) : outbox_(flusher, *this, 1 << 20), subscriber_(channels, outbox_) {}
  Took write(std::string_view) override { return Took::all; }
  void overflowed() override {}
  Subscriber& subscriber() { return subscriber_; }

 private:
  Outbox outbox_;
  Subscriber subscriber_;
};

class Rig {
 public:
  Rig(std::size_t clients, std::size_t each, bool shared = false) : each_(each), subscriptions_(clients * each) {
    for (std::size_t i = 0; i < clients; ++i) clients_.push_back(std::make_unique<Client>(flusher_, channels_));
    for (std::size_t i = 0; i < (shared ? each : clients * each); ++i) names_.push_back("user:" + std::to_string(1'000'000 + i));
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < subscriptions_; ++i) client_of(i).subscriber().subscribe(name_of(i));
    bytes_ = static_cast<double>(::mallinfo2().uordblks - before) / static_cast<double>(subscriptions_);
  }

  double bytes() const { return bytes_; }

  void publish() {
    channels_.publish(name_of(draw()), message_);
    if (++published_ % kTurn == 0) channels_.end_turn();
  }
  void churn() {
    const std::size_t i = draw();
    client_of(i).subscriber().unsubscribe(name_of(i));
    client_of(i).subscriber().subscribe(name_of(i));
  }
  void draw_only() { drawn_ += draw(); }

 private:
  Client& client_of(std::size_t subscription) { return *clients_[subscription / each_]; }
  const std::string& name_of(std::size_t subscription) { return names_[subscription % names_.size()]; }
  std::size_t draw() { return random_() % subscriptions_; }

  Counters counters_;
  Flusher flusher_{counters_};
  Channels channels_{flusher_, counters_};
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Client>> clients_;
  const MessageRef message_ = Message::make(Kind::text, std::string(100, 'x'));
  std::minstd_rand random_{1};
  const std::size_t each_, subscriptions_;
  std::size_t published_ = 0, drawn_ = 0;
  double bytes_ = 0;
};

struct Work {
  std::string_view name;
  void (Rig::*run)();
};
constexpr Work kWorks[] = {{"publish", &Rig::publish}, {"churn", &Rig::churn}, {"churn-shared", &Rig::churn}, {"nothing", &Rig::draw_only}};

double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double cost_of(Rig& rig, const Work& work) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t round = 0; round < kRounds; ++round) {
    const double began = cpu_ns();
    for (std::size_t i = 0; i < kCalls; ++i) (rig.*work.run)();
    least = std::min(least, (cpu_ns() - began) / kCalls);
  }
  return least;
}

void table() {
  std::puts("clients   channels each   bytes/subscription   publish ns   unsubscribe and subscribe ns");
  constexpr std::pair<std::size_t, std::size_t> kCases[] = {{100, 1}, {10'000, 1}, {100'000, 1}, {10'000, 10}, {1'000, 100}, {100, 1'000}};
  for (const auto& [clients, each] : kCases) {
    Rig rig(clients, each);
    const double publish = cost_of(rig, kWorks[0]), churn = cost_of(rig, kWorks[1]);
    std::printf("%7zu %15zu %20.0f %12.0f %30.0f\n", clients, each, rig.bytes(), publish, churn);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) return table(), 0;
  const auto work = std::find_if(std::begin(kWorks), std::end(kWorks), [&](const Work& one) { return argc == 5 && one.name == argv[3]; });
  if (work == std::end(kWorks)) {
    std::fputs("usage: hub-cost [CLIENTS EACH publish|churn|churn-shared|nothing COUNT]\n", stderr);
    return 2;
  }
  Rig rig(std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10), work->name == "churn-shared");
  for (std::size_t i = std::strtoul(argv[4], nullptr, 10); i > 0; --i) (rig.*work->run)();
}
