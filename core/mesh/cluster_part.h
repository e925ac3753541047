// SPDX-License-Identifier: Apache-2.0
// ClusterPart: what uses a cluster besides publishes and sends: it hears who is there, and gets frames of its own types.
// [cluster's thread]
#pragma once

#include <cstdint>
#include <string_view>

#include "core/mesh/cluster_wire.h"

namespace dunlin {

class ClusterPart {
 public:
  virtual void on_engine(bool up) = 0;
  virtual void on_member(std::uint64_t boot, unsigned number) = 0;
  virtual void on_member_lost(std::uint64_t boot) = 0;
  virtual bool on_frame(wire::Type type, std::string_view frame) = 0;  // false: it is none
  virtual void on_tick(std::int64_t now) = 0;                          // also before everything else
  virtual void on_turn() = 0;

 protected:
  ~ClusterPart() = default;
};

}  // namespace dunlin
