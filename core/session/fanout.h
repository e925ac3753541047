// SPDX-License-Identifier: Apache-2.0
// Fanout: a publish to all subscribers of this worker, whatever their connections speak.
//
// WebSocket clients share one Channels, whose messages are frames. Each raw TCP endpoint has one of its own, whose
// messages are what the endpoint's framer made of them: once for all its connections where it can, else one by one. So
// neither kind ever sees the bytes of the other, and both gather their writes alike. All [worker].
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "core/base/metrics.h"
#include "core/hub/channels.h"
#include "core/plugin/runtime.h"
#include "core/session/served.h"

namespace dunlin {

class Fanout {
 public:
  Fanout(Channels& websockets, Flusher& flusher, Counters& counters)
      : websockets_(websockets), flusher_(flusher), counters_(counters) {}
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;

  void use(ModuleRuntime& modules) { modules_ = &modules; }

  // Where a connection of this endpoint subscribes, through all generations.
  Channels& of(Protocol protocol, const ServedEndpoint& served);
  // What is served from here on: its framers encode. REQUIRES: outlives the publishes
  void serve(Served& served);

  // REQUIRES: no hook is running while packets() is true
  Channels::Delivered publish(std::string_view channel, const MessageRef& message);
  // Is anybody subscribed whose bytes a framer makes?
  bool packets() const { return !packets_.empty(); }

  // Closes the turn's chunks and writes every dirty outbox.
  void end_turn();

  std::size_t channels() const;
  std::size_t subscriptions() const;

 private:
  struct Group {  // one raw TCP listener, which has one endpoint
    const ModuleSet::EndpointModules* modules = nullptr;
    std::unique_ptr<Channels> channels;
  };
  Channels::Delivered publish_packets(const Group& group, std::string_view channel, const Message& message);

  Channels& websockets_;
  Flusher& flusher_;
  Counters& counters_;
  ModuleRuntime* modules_ = nullptr;
  std::unordered_map<std::uint32_t, Group> packets_;  // by listener
};

}  // namespace dunlin
