// SPDX-License-Identifier: Apache-2.0
// MeshEngine: what carries frames between the nodes of a cluster; NATS is one (nats_engine.h). docs/cluster.md says
// what another (Redis, a plugin's) would have to do: deliver a frame at most once, keep the order of one sender to one
// receiver, and say when it is connected and when not.
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
  };

  virtual ~MeshEngine() = default;

  // Begins to connect, and keeps at it until close(). The error says which setting is wrong.
  virtual Status open(std::uint64_t boot, Events events) = 0;
  // [cluster's thread] False: the frame will not travel.
  virtual bool broadcast(std::string_view frame) = 0;
  virtual bool send(std::uint64_t boot, std::string_view frame) = 0;
  // Bytes of the largest frame; known once it has connected.
  virtual std::size_t largest() const = 0;
  // What is on its way out is given a moment to go. No event comes after it has returned.
  virtual void close() = 0;
};

}  // namespace dunlin
