// SPDX-License-Identifier: Apache-2.0
// The first lines of every [worker] function of the tables: whose call is it, and does it come from the right thread?
#pragma once

#include "core/plugin/instance.h"

namespace dunlin {

// Calls `serve(instance)` for the instance behind `host`.
template <class Serve>
dunlin_status on_worker(const dunlin_host* host, Serve serve) {
  Instance* instance = host ? Host::of(host)->instance() : nullptr;
  if (!instance) return DUNLIN_E_INVALID;
  return instance->on_own_thread() ? serve(*instance) : DUNLIN_E_THREAD;
}

}  // namespace dunlin
