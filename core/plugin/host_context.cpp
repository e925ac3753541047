// SPDX-License-Identifier: Apache-2.0
// dunlin.context/1. That a value is JSON is checked where it is kept (session/context).
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

bool valid_key(const dunlin_str& key) { return key.size > 0 && sound_text(key); }

dunlin_status get(const dunlin_host* host, dunlin_conn conn, dunlin_str key, dunlin_str* out) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!out || !valid_key(key)) return DUNLIN_E_INVALID;
    std::string_view found;
    const dunlin_status status = instance.services().context_get(ClientId(conn), view(key), found);
    *out = status == DUNLIN_OK ? lend(found) : lend("");
    return status;
  });
}

dunlin_status set(const dunlin_host* host, dunlin_conn conn, dunlin_str key, dunlin_str json) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!valid_key(key) || !sound(json)) return DUNLIN_E_INVALID;
    return instance.services().context_set(ClientId(conn), view(key), view(json));
  });
}

dunlin_status all(const dunlin_host* host, dunlin_conn conn, dunlin_str* out) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!out) return DUNLIN_E_INVALID;
    std::string_view found;
    const dunlin_status status = instance.services().context_all(ClientId(conn), found);
    *out = status == DUNLIN_OK ? lend(found) : lend("");
    return status;
  });
}

dunlin_status replace(const dunlin_host* host, dunlin_conn conn, dunlin_str json) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return sound(json) ? instance.services().context_replace(ClientId(conn), view(json)) : DUNLIN_E_INVALID;
  });
}

dunlin_status wait(const dunlin_host* host, dunlin_conn conn, dunlin_str key, std::uint64_t timeout_ms,
                   dunlin_context_fn fn, void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!valid_key(key) || !fn) return DUNLIN_E_INVALID;
    auto done = instance.guarded_patiently(Hook::context, [fn, user](dunlin_status status, std::string_view value) {
      const std::string terminated(value);
      fn(user, status, lend(terminated));
    });
    return instance.services().context_wait(ClientId(conn), view(key), millis(timeout_ms), std::move(done));
  });
}

}  // namespace

const dunlin_context kContextTable = {get, set, all, replace, wait};

}  // namespace dunlin
