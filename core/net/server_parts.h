// SPDX-License-Identifier: Apache-2.0
// What the servers of a worker's clients, WebSocket and raw TCP, have of that worker.
#pragma once

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/config/config.h"
#include "core/hub/outbox.h"
#include "core/loop/loop.h"
#include "core/loop/timer_wheel.h"
#include "core/net/connection_limits.h"
#include "core/session/session_table.h"

namespace dunlin {

struct ServerParts {
  Loop& loop;
  TimerWheel& wheel;
  Flusher& flusher;
  SessionTable& sessions;
  Counters& counters;
  Log& log;
  Served* served;  // never nullptr
  ConnectionLimits& limits;
};

}  // namespace dunlin
