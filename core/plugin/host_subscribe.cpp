// SPDX-License-Identifier: Apache-2.0
// dunlin.subscribe/1
#include "core/base/channel_name.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

dunlin_status request(const dunlin_host* host, dunlin_conn conn, dunlin_str channel, dunlin_subscribe_fn fn,
                      void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!fn || !sound(channel) || !valid_channel(view(channel))) return DUNLIN_E_INVALID;
    auto done = instance.guarded(Hook::subscribe, [fn, user, conn](dunlin_status status) { fn(user, conn, status); });
    return instance.services().subscribe_asking(ClientId(conn), view(channel), std::move(done));
  });
}

}  // namespace

const dunlin_subscribe kSubscribeTable = {request};

}  // namespace dunlin
