// SPDX-License-Identifier: Apache-2.0
// dunlin.channel/1
#include "core/base/channel_name.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

bool valid_name(const dunlin_str& channel) { return sound(channel) && valid_channel(view(channel)); }

bool valid_payload(std::uint32_t kind, const dunlin_str& data) {
  return kind == DUNLIN_TEXT ? sound_text(data) : kind == DUNLIN_BINARY && sound(data);
}

dunlin_status subscribe(const dunlin_host* host, dunlin_conn conn, dunlin_str channel) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return valid_name(channel) ? instance.services().subscribe(ClientId(conn), view(channel)) : DUNLIN_E_INVALID;
  });
}

dunlin_status unsubscribe(const dunlin_host* host, dunlin_conn conn, dunlin_str channel) noexcept {
  return on_worker(host, [&](Instance& instance) {
    return valid_name(channel) ? instance.services().unsubscribe(ClientId(conn), view(channel)) : DUNLIN_E_INVALID;
  });
}

dunlin_status publish(const dunlin_host* host, dunlin_str channel, std::uint32_t kind, dunlin_str data,
                      dunlin_publish_fn fn, void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!valid_name(channel) || !valid_payload(kind, data)) return DUNLIN_E_INVALID;
    Services::PublishDone done;
    if (fn)
      done = instance.guarded(Hook::publish, [fn, user](std::uint64_t success, std::uint64_t failed) {
        fn(user, success, failed);
      });
    return instance.services().publish(view(channel), static_cast<Kind>(kind), view(data), std::move(done));
  });
}

dunlin_status send(const dunlin_host* host, dunlin_conn conn, std::uint32_t kind, dunlin_str data, dunlin_send_fn fn,
                   void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!valid_payload(kind, data)) return DUNLIN_E_INVALID;
    Services::SendDone done;
    if (fn) done = instance.guarded(Hook::send, [fn, user](dunlin_status status) { fn(user, status); });
    return instance.services().send(ClientId(conn), static_cast<Kind>(kind), view(data), std::move(done));
  });
}

}  // namespace

const dunlin_channel kChannelTable = {subscribe, unsubscribe, publish, send};

}  // namespace dunlin
