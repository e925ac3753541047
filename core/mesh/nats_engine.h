// SPDX-License-Identifier: Apache-2.0
// NatsEngine: frames over NATS, by libnats with its own threads (docs/decisions/0014-nats-on-its-own-threads.md). It writes
// what it is given at once instead of a millisecond later, and is given what a turn of the cluster's loop brought for each
// node as one message. libnats ends a connection for good when a log-in is refused twice, or the server says what it has no rule
// for; a thread of ours, the keeper, then begins another one. Subjects:
// PREFIX.all for every node, PREFIX.node.BOOT for one; the server's word that nobody listens at BOOT comes to
// PREFIX.nobody.MINE.BOOT.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/mesh/engine.h"
#include "core/mesh/frame_bundles.h"

namespace dunlin {

class NatsEngine final : public MeshEngine {
 public:
  // Uses both as long as it lives.
  NatsEngine(const NatsSettings& settings, Log& log) : settings_(settings), log_(log) {}
  ~NatsEngine() override { close(); }

  Status open(std::uint64_t boot, Events events) override;
  bool broadcast(std::string_view frame) override;
  bool send(std::uint64_t boot, std::string_view frame) override { return gather(boot, false, frame); }
  bool ask(std::uint64_t boot, std::string_view frame) override { return gather(boot, true, frame); }
  void flush() override { bundles_.flush(); }
  std::size_t largest() const override { return largest_.load(std::memory_order_relaxed); }
  std::string name() const override { return "NATS"; }
  void close() override;

  // For JetStream, which answers to subjects of one's own. listen(): after open(), once; `received` as Events::received.
  struct Answer {
    std::string subject, reply, status, data;  // status: of an answer that is none, as in HTTP
  };
  Status listen(const std::string& subject, std::function<void(Answer)> received);
  bool publish(const std::string& subject, const std::string& reply, std::string_view data);

 private:
  Status configure(natsOptions* options);
  Status begin();  // one connection, and what it subscribes; it reports its end, unless there is none
  Status connect();
  Status subscribe_all();
  void unsubscribe();
  void drop();  // from here on nothing comes from that connection
  void keep();
  std::string subject_of(std::uint64_t boot) const;
  std::string nobody_of(std::uint64_t boot) const;  // where the server says that nobody listens there
  Status subscribe(const std::string& subject, natsSubscription** subscription, natsMsgHandler received);
  bool gather(std::uint64_t boot, bool asks, std::string_view frame);
  void on_connected(natsConnection* connection);
  static void take_frame(natsConnection*, natsSubscription*, natsMsg* message, void* closure);
  static void take_nobody(natsConnection*, natsSubscription*, natsMsg* message, void* closure);
  static void take_answer(natsConnection*, natsSubscription*, natsMsg* message, void* closure);

  const NatsSettings& settings_;
  Log& log_;
  Events events_;
  std::uint64_t boot_ = 0;
  std::string all_, prefix_, nobody_, listened_;
  natsOptions* options_ = nullptr;
  std::thread keeper_;
  std::mutex connection_lock_;  // held by the keeper while it begins a connection; taken before events_lock_
  natsConnection* connection_ = nullptr;
  natsSubscription* subscriptions_[4] = {nullptr, nullptr, nullptr, nullptr};
  std::function<void(Answer)> answered_;
  std::mutex events_lock_;  // libnats calls from several threads
  std::condition_variable changed_;
  int subscribed_ = 0;  // subscriptions of which messages may still come
  bool given_up_ = false;  // by libnats: this connection makes no further attempt
  int refusals_ = 0;       // since one was connected
  bool opened_ = false;  // the library has been used
  bool closing_ = false;
  std::atomic<std::size_t> largest_{0};
  // While libnats tries to reach a server it holds the connection's lock, for as long as a look-up of its name or a dead
  // link takes: who would send does not wait for that.
  std::atomic<bool> connected_{false};
  // What the library refuses of it is lost as on the way: the receiver misses its number.
  FrameBundles bundles_{[this](std::uint64_t boot, bool asks, std::string_view message) {
    publish(subject_of(boot), asks ? nobody_of(boot) : std::string(), message);
  }};
};

}  // namespace dunlin
