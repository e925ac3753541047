// SPDX-License-Identifier: Apache-2.0
// The works: each takes a crowd that is ready, puts load on the server for the asked time, and fills in the findings.
#pragma once

#include "core/bench/crowd.h"
#include "core/bench/options.h"
#include "core/bench/poller.h"
#include "core/bench/progress.h"
#include "core/bench/server_process.h"

namespace dunlin::bench {

struct Run {
  const Options& options;
  const Dialogue& dialogue;
  const ServerProcess& server;
  Poller& poller;
  Crowd& crowd;
  Progress& progress;
  Findings& findings;
};

// fan_out, one_to_one: publishes; every subscriber checks what it gets.
Status run_delivery(Run run);
// echo: each connection says a message and wants it back. login: each logs in again and again.
Status run_replies(Run run);

// The measured stretch of a work: after the warm-up, for the asked time.
class Stretch {
 public:
  Stretch(const Options& options, const ServerProcess& server, Findings& findings);

  // Called once a turn, with the counts so far. False: the time is over.
  bool goes_on(std::uint64_t messages, std::uint64_t deliveries);
  bool measuring() const { return measuring_; }
  double share() const;

 private:
  const Options& options_;
  const ServerProcess& server_;
  Findings& findings_;
  const std::int64_t began_;
  std::int64_t from_ = 0;
  double cpu_ = 0;
  std::uint64_t messages_ = 0, deliveries_ = 0;
  bool measuring_ = false;
};

}  // namespace dunlin::bench
