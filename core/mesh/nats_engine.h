// SPDX-License-Identifier: Apache-2.0
// NatsEngine: frames over NATS, by libnats with its own threads: connecting, TLS and names that are looked up block in
// that library even with an event loop, and a blocked loop here would stop nobody but would stop somebody. Subjects:
// PREFIX.all for every node, PREFIX.node.BOOT for one; the server's word that nobody listens at BOOT comes to
// PREFIX.nobody.MINE.BOOT.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/mesh/engine.h"

namespace dunlin {

class NatsEngine final : public MeshEngine {
 public:
  // Uses both as long as it lives.
  NatsEngine(const NatsSettings& settings, Log& log) : settings_(settings), log_(log) {}
  ~NatsEngine() override { close(); }

  Status open(std::uint64_t boot, Events events) override;
  bool broadcast(std::string_view frame) override { return publish(all_, frame); }
  bool send(std::uint64_t boot, std::string_view frame) override;
  bool ask(std::uint64_t boot, std::string_view frame) override;
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
  Status subscribe(const std::string& subject, natsSubscription** subscription, natsMsgHandler received);
  bool publish(const std::string& subject, std::string_view frame);
  void on_connected(natsConnection* connection);
  static void take_frame(natsConnection*, natsSubscription*, natsMsg* message, void* closure);
  static void take_nobody(natsConnection*, natsSubscription*, natsMsg* message, void* closure);

  const NatsSettings& settings_;
  Log& log_;
  Events events_;
  std::string all_, prefix_, nobody_;
  natsConnection* connection_ = nullptr;
  natsSubscription* subscriptions_[4] = {nullptr, nullptr, nullptr, nullptr};
  std::function<void(Answer)> answered_;
  std::mutex events_lock_;  // libnats calls from several threads
  std::condition_variable completed_;
  int subscribed_ = 0;  // subscriptions of which messages may still come
  bool opened_ = false;  // the library has been used
  bool closing_ = false;
  std::atomic<std::size_t> largest_{0};
};

}  // namespace dunlin
