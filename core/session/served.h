// SPDX-License-Identifier: Apache-2.0
// Served: what one worker serves, by listener and endpoint. A session points to its entry. When a new generation takes
// over, the old entries are superseded: their sessions move on one by one, each when nothing is pending for it. [worker]
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/plugin/generation.h"

namespace dunlin {

struct ServedEndpoint {
  const Endpoint& endpoint;
  const ModuleSet::EndpointModules& modules;
  std::uint32_t listener = 0, index = 0;
  std::size_t sessions = 0;  // that point here
  bool superseded = false;
  bool overdue = false;  // what is pending is cancelled: they have had their time
};

class Served {
 public:
  // REQUIRES: `generation` outlives it
  explicit Served(const Generation& generation);
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  const Generation& generation() const { return generation_; }
  const Config& config() const { return generation_.config; }
  ServedEndpoint& at(std::size_t listener, std::size_t index) { return endpoints_[listener][index]; }

  void supersede();
  void expire();  // REQUIRES: superseded
  std::size_t sessions() const;

 private:
  const Generation& generation_;
  std::vector<std::vector<ServedEndpoint>> endpoints_;
};

}  // namespace dunlin
