// SPDX-License-Identifier: Apache-2.0
// Fanout: a publish to all subscribers of this worker, whatever their connections speak.
//
// Connections that are sent the same bytes share one Channels, so that each kind gathers its writes and never sees the
// bytes of another: all plain WebSocket clients one, whose messages are frames; those that agreed on compression one for
// each endpoint and size of window, whose messages are the compressed form where there is one; each raw TCP endpoint one,
// whose messages are what its framer made of them, once for all its connections where it can, else one by one.
// All [worker].
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/metrics.h"
#include "core/hub/channels.h"
#include "core/hub/compressor.h"
#include "core/plugin/runtime.h"
#include "core/session/served.h"

namespace dunlin {

class Fanout {
 public:
  Fanout(Channels& websockets, Flusher& flusher, Counters& counters);
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;

  void use(ModuleRuntime& modules) { modules_ = &modules; }

  // Where a connection of this endpoint subscribes, through all generations; `window_bits`: what it agreed to be sent
  // compressed with, 0: nothing.
  Channels& of(Protocol protocol, const ServedEndpoint& served, unsigned window_bits = 0);
  // What is served from here on: its framers encode, its settings say what is compressed. REQUIRES: outlives the publishes
  void serve(Served& served);

  // Told when a channel gets its first subscriber of whatever kind (true) and when its last has left (false).
  void on_interest(std::function<void(std::string_view channel, bool wanted)> tell) { interest_ = std::move(tell); }

  // REQUIRES: no hook is running while packets() is true
  Channels::Delivered publish(std::string_view channel, const MessageRef& message);
  // Is anybody subscribed whose bytes a framer makes?
  bool packets() const { return !packets_.empty(); }

  // Closes the turn's chunks and writes every dirty outbox.
  void end_turn();

  std::size_t channels() const { return channels_; }  // a name counts once
  std::size_t subscriptions() const;

  Compressor& compressor() { return compressor_; }

 private:
  struct Group {  // one raw TCP listener, which has one endpoint
    const ModuleSet::EndpointModules* modules = nullptr;
    std::unique_ptr<Channels> channels;
  };
  struct Deflated {  // the WebSocket clients of one endpoint that agreed to windows of one size
    std::uint32_t listener, endpoint;
    unsigned window_bits;
    std::size_t threshold;
    std::unique_ptr<Channels> channels;
  };
  Channels& deflated(const ServedEndpoint& served, unsigned window_bits);
  std::unique_ptr<Channels> make_channels();
  void watch(Channels& channels);
  template <class Visit>
  void each(const Visit& visit) const;  // every Channels
  Channels::Delivered publish_packets(const Group& group, std::string_view channel, const Message& message);

  Channels& websockets_;
  Flusher& flusher_;
  Counters& counters_;
  ModuleRuntime* modules_ = nullptr;
  std::function<void(std::string_view, bool)> interest_;
  std::size_t channels_ = 0;
  Compressor compressor_;
  std::vector<Deflated> deflated_;  // few: windows are nearly always of one size
  std::unordered_map<std::uint32_t, Group> packets_;  // by listener
};

}  // namespace dunlin
