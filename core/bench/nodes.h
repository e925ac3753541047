// SPDX-License-Identifier: Apache-2.0
// What it costs that a publish and its subscriber are on two nodes: the same load on one node and across, in one run.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/bench/options.h"

namespace dunlin::bench {

struct NodesFindings {
  unsigned nodes = 0;
  Findings near, far;            // one message at a time: latency
  Findings near_busy, far_busy;  // the window full: rate
  double bytes = 0;              // between nodes, for each publish of the busy stretch; what keeps them together included
  double idle_received = 0;      // publishes that the nodes without a subscriber got: none

  bool sound() const { return near.sound() && far.sound() && near_busy.sound() && far_busy.sound() && idle_received == 0; }
};

// Starts `nodes` of them and a NATS server on this machine. `plugins`: the folder with lua.so.
Result<NodesFindings> run_nodes(const Options& options, unsigned nodes, const std::string& plugins);

std::string report(const Options& options, const NodesFindings& findings);

}  // namespace dunlin::bench
