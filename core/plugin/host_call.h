// SPDX-License-Identifier: Apache-2.0
// The first lines of every function of the tables: whose call is it, and does it come from the right thread?
#pragma once

#include "core/plugin/instance.h"

namespace dunlin {

// Calls `serve(instance)` for the instance behind `host`.
template <class Serve>
dunlin_status on_worker(const dunlin_host* host, Serve serve) {
  if (!host || !Host::of(host)->of_worker()) return DUNLIN_E_INVALID;
  const Host& self = *Host::of(host);
  if (const auto visitor = self.visit(); visitor.owns_lock()) return DUNLIN_E_THREAD;
  Instance* instance = self.instance();
  return instance ? serve(*instance) : self.stale();
}

// Of every [any-thread] one: calls `serve(instance)`, which stays for as long.
template <class Serve>
dunlin_status on_any_thread(const dunlin_host* host, Serve serve) {
  return host ? Host::of(host)->with_instance(serve) : DUNLIN_E_INVALID;
}

}  // namespace dunlin
