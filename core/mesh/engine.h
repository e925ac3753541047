// SPDX-License-Identifier: Apache-2.0
// MeshEngine: what carries frames between the nodes of a cluster: NATS (nats_engine.h), a module's (dunlin/draft/engine.h,
// which is this interface in C, by worker/plugin_engine.h), or `local`, which reaches nobody (local_engine.h). A frame is
// delivered at most once, in the order of one sender to one receiver; the engine says when it is connected and when not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dunlin {

class MeshEngine {
 public:
  // Called on any thread, one at a time.
  struct Events {
    std::function<void()> connected, disconnected;
    std::function<void(std::string_view frame)> received;
    std::function<void(std::uint64_t boot)> nobody;  // what was asked of this node has reached nobody
  };

  virtual ~MeshEngine() = default;

  // [setup] Before open(): whether it reaches no other node, by its nature or its settings. This one then has no cluster and
  // pays for none: open() is not called.
  virtual bool alone() const { return false; }
  // Begins to connect, and keeps at it until close(). The error says which setting is wrong.
  virtual Status open(std::uint64_t boot, Events events) = 0;
  // [cluster's thread] False: the frame will not travel.
  virtual bool broadcast(std::string_view frame) = 0;
  virtual bool send(std::uint64_t boot, std::string_view frame) = 0;
  // As send(), for what is to be answered: an engine that can tell says `nobody` when there is nobody to answer.
  virtual bool ask(std::uint64_t boot, std::string_view frame) { return send(boot, frame); }
  // [cluster's thread] Its turn ends: what send() and ask() have gathered goes.
  virtual void flush() {}
  // Bytes of the largest frame; known once it has connected.
  virtual std::size_t largest() const = 0;
  virtual std::string name() const = 0;  // for people
  // What is on its way out is given a moment to go. No event comes after it has returned.
  virtual void close() = 0;
};

}  // namespace dunlin
