// SPDX-License-Identifier: Apache-2.0
// Hosts: what the instances of one worker were given as their hosts. They stay when an instance goes, since a thread that it
// left behind may still call: that is answered then, and does no harm. One is used again for a later instance of the same
// module, and only when many of its have been left: what still calls by then meets its own module. When the worker ends they
// are left behind, for nobody can tell when the last call has come but the end of the process. [worker]
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/metrics.h"
#include "core/plugin/host.h"

namespace dunlin {

class WorkerHost final : public Host {
 public:
  WorkerHost(Log& log, const std::string& module, std::string directory, bool isolated)
      : Host(log, module, std::move(directory), true, isolated) {}
};

class Hosts {
 public:
  static constexpr std::size_t kRest = 64;  // hosts of a module that lie idle before one is used again

  Hosts() = default;
  ~Hosts();  // REQUIRES: all have been given back
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  WorkerHost& take(Log& log, const std::string& module, const std::string& directory, bool isolated, Instance& instance);
  void give_back(WorkerHost& host);
  // How often somebody called for an instance that had been destroyed.
  std::uint64_t stale_calls() const;
  void collect(std::vector<Sample>& out) const;

 private:
  struct Shelf {
    std::vector<WorkerHost*> all;
    std::deque<WorkerHost*> idle;  // the longest first
  };
  std::map<std::string, Shelf> shelves_;  // by module
};

}  // namespace dunlin
