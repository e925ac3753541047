// SPDX-License-Identifier: Apache-2.0
// Where the connection to NATS lives: on a loop of ours, by libnats' libuv adapter, or on threads of the library's own that
// post to that loop. The same ping-pong, the same flood and the same server that says nothing, in turns. Needs a server:
//
//   nats-server -p 4222 & nats-loop nats://127.0.0.1:4222
//
// Two connections, each with a loop and a thread; what arrives is handled on the loop, as core/mesh/cluster_node.h does.
#include <nats/adapters/libuv.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/loop/loop.h"
#include "core/loop/mailbox.h"

namespace {

using dunlin::Loop;
using dunlin::Mailbox;

constexpr int kRounds = 5, kPings = 3'000, kWarmUp = 300, kFlood = 3'000 * 64, kTurn = 64, kWindow = 16 * kTurn, kFrame = 64;
constexpr std::int64_t kTimeout = 500;  // of an attempt to connect, in ms

enum class Way { threads, adapter };
constexpr const char* kNames[] = {"threads of the library", "libuv adapter"};

double now_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void require(natsStatus status, const char* what) {
  if (status == NATS_OK) return;
  std::fprintf(stderr, "nats-loop: %s: %s\n", what, natsStatus_GetText(status));
  std::exit(1);
}

natsOptions* options_for(Way way, Loop& loop, const char* url) {
  natsOptions* options = nullptr;
  require(natsOptions_Create(&options), "options");
  natsOptions_SetURL(options, url);
  natsOptions_SetTimeout(options, kTimeout);
  natsOptions_SetSendAsap(options, true);
  natsOptions_UseGlobalMessageDelivery(options, true);
  if (way == Way::adapter) {
    natsLibuv_SetThreadLocalLoop(loop.uv());
    natsOptions_SetEventLoop(options, loop.uv(), natsLibuv_Attach, natsLibuv_Read, natsLibuv_Write, natsLibuv_Detach);
  }
  return options;
}

// A loop with a thread that runs it.
class Runner {
 public:
  Runner() : mailbox_(loop_), thread_([this] { loop_.run(); }) {}

  // What others have put on the loop is closed by then, or is being closed.
  void end() {
    mailbox_.post([this] { loop_.stop(); });
    thread_.join();
    mailbox_.close();
    loop_.run();
  }

  Loop& loop() { return loop_; }
  void post(std::function<void()> task) { mailbox_.post(std::move(task)); }
  void wait_for(const std::function<void()>& task) {
    std::promise<void> done;
    post([&] { task(), done.set_value(); });
    done.get_future().wait();
  }

 private:
  Loop loop_;
  Mailbox mailbox_;
  std::thread thread_;
};

// A connection that hands what it receives over to a loop.
class Side {
 public:
  Side(Way way, const char* url, const char* subject, const char* other) : other_(other) {
    const auto connect = [&] {
      natsOptions* options = options_for(way, runner_.loop(), url);
      require(natsConnection_Connect(&connection_, options), "connect");
      natsOptions_Destroy(options);
      require(natsConnection_Subscribe(&subscription_, connection_, subject, &Side::take, this), "subscribe");
    };
    way == Way::adapter ? runner_.wait_for(connect) : connect();  // the adapter wants it there
    require(natsConnection_Flush(connection_), "flush");
  }

  ~Side() {
    natsSubscription_Destroy(subscription_);
    natsConnection_Close(connection_);
    runner_.end();
    natsConnection_Destroy(connection_);
  }

  void on_message(std::function<void()> received) {
    runner_.wait_for([&] { received_ = std::move(received); });
  }
  void post(std::function<void()> task) { runner_.post(std::move(task)); }
  // From its loop: so many messages of so many frames.
  void send(int count = 1, int frames = 1) {
    static const std::string kText(static_cast<std::size_t>(kTurn) * kFrame, 'f');
    for (int i = 0; i < count; ++i) natsConnection_Publish(connection_, other_, kText.data(), frames * kFrame);
  }

 private:
  static void take(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
    natsMsg_Destroy(message);
    auto* side = static_cast<Side*>(self);
    side->post([side] { side->received_(); });
  }

  const char* other_;  // the subject of who is spoken to
  std::function<void()> received_;
  Runner runner_;
  natsConnection* connection_ = nullptr;
  natsSubscription* subscription_ = nullptr;
};

struct Figures {
  double ping_p50_us = 0, ping_p99_us = 0, ping_cpu_us = 0;
  double flood_per_second = 0, flood_cpu_us = 0, bundled_per_second = 0, bundled_cpu_us = 0;
  double stood_ms = 0;
};

void ping(Side& here, Side& there, Figures& out) {
  std::vector<double> times;
  std::promise<void> done;
  double sent = 0, cpu = 0;
  int left = kPings + kWarmUp;
  there.on_message([&] { there.send(); });
  here.on_message([&] {
    const double now = now_us(CLOCK_MONOTONIC);
    if (left < kPings) times.push_back(now - sent);
    if (left == kPings) cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    if (left-- == 0) return done.set_value();
    sent = now_us(CLOCK_MONOTONIC);
    here.send();
  });
  here.post([&] { here.send(); });
  done.get_future().wait();
  out.ping_cpu_us = (now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu) / kPings;
  std::sort(times.begin(), times.end());
  out.ping_p50_us = times[times.size() / 2];
  out.ping_p99_us = times[times.size() * 99 / 100];
}

// Turns of frames, each a message or all of a turn one, with some turns under way.
void flood(Side& here, Side& there, int frames, double& per_second, double& cpu_us) {
  std::promise<void> done;
  int received = 0, acknowledged = 0;
  const double began = now_us(CLOCK_MONOTONIC), cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
  there.on_message([&] {
    received += frames;
    if (received / kTurn == acknowledged) return;
    ++acknowledged;
    there.send();
  });
  int sent = kWindow, answers = 0;
  here.on_message([&] {
    if (++answers * kTurn == kFlood) return done.set_value();
    if (sent == kFlood) return;
    here.send(kTurn / frames, frames);
    sent += kTurn;
  });
  here.post([&] { here.send(kWindow / frames, frames); });
  done.get_future().wait();
  cpu_us = (now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu) / kFlood;
  per_second = kFlood * 1e6 / (now_us(CLOCK_MONOTONIC) - began);
}

// A server whose machine takes the connection and that says nothing.
class Silent {
 public:
  Silent() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd_, generic, size) != 0 || listen(fd_, 4) != 0 || getsockname(fd_, generic, &size) != 0) std::exit(1);
    url_ = "nats://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Silent() { close(fd_); }
  const char* url() const { return url_.c_str(); }

 private:
  int fd_;
  std::string url_;
};

// How long the loop does nothing else while one connects to it.
double stood_ms(Way way) {
  const Silent server;
  Runner runner;
  std::promise<void> connecting;
  const auto connect = [&] {
    natsOptions* options = options_for(way, runner.loop(), server.url());
    natsConnection* connection = nullptr;
    connecting.set_value();
    natsConnection_Connect(&connection, options);
    natsOptions_Destroy(options);
  };
  std::thread other;
  way == Way::adapter ? runner.post(connect) : void(other = std::thread(connect));
  connecting.get_future().wait();
  const double began = now_us(CLOCK_MONOTONIC);
  runner.wait_for([] {});
  const double stood = now_us(CLOCK_MONOTONIC) - began;
  if (other.joinable()) other.join();
  runner.end();
  return stood / 1e3;
}

Figures measure(Way way, const char* url) {
  Figures out;
  {
    Side here(way, url, "loop.a", "loop.b"), there(way, url, "loop.b", "loop.a");
    ping(here, there, out);
    flood(here, there, 1, out.flood_per_second, out.flood_cpu_us);
    flood(here, there, kTurn, out.bundled_per_second, out.bundled_cpu_us);
  }
  out.stood_ms = stood_ms(way);
  return out;
}

double median(std::vector<Figures>& rounds, double Figures::* figure) {
  std::sort(rounds.begin(), rounds.end(), [&](const Figures& a, const Figures& b) { return a.*figure < b.*figure; });
  return rounds[rounds.size() / 2].*figure;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "nats-loop URL, for example nats://127.0.0.1:4222\n");
    return 2;
  }
  nats_Open(-1);
  natsLibuv_Init();
  std::vector<Figures> ways[2];
  for (int round = 0; round < kRounds; ++round) {
    for (const Way way : {Way::threads, Way::adapter}) ways[static_cast<int>(way)].push_back(measure(way, argv[1]));
  }
  constexpr struct {
    const char* name;
    double Figures::* figure;
  } kRows[] = {{"ping-pong, p50, us", &Figures::ping_p50_us},
               {"ping-pong, p99, us", &Figures::ping_p99_us},
               {"ping-pong, CPU of both sides, us", &Figures::ping_cpu_us},
               {"a message a frame: frames a second", &Figures::flood_per_second},
               {"a message a frame: CPU of both sides for one, us", &Figures::flood_cpu_us},
               {"a message for 64 frames: frames a second", &Figures::bundled_per_second},
               {"a message for 64 frames: CPU of both sides for one, us", &Figures::bundled_cpu_us},
               {"the loop stands while what it connects to says nothing, ms", &Figures::stood_ms}};
  std::printf("%-60s %24s %24s\n", "median of the rounds", kNames[0], kNames[1]);
  for (const auto& row : kRows) std::printf("%-60s %24.2f %24.2f\n", row.name, median(ways[0], row.figure), median(ways[1], row.figure));
  nats_Close();
}
