// SPDX-License-Identifier: Apache-2.0
// dunlin.queue/1
#include "core/base/channel_name.h"
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

dunlin_status push(const dunlin_host* host, dunlin_conn conn, dunlin_str topic, dunlin_str data, dunlin_push_fn fn,
                   void* user) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!sound(topic) || !valid_channel(view(topic)) || !sound_text(data)) return DUNLIN_E_INVALID;
    Services::QueueDone done;
    if (fn)
      done = instance.guarded(Hook::queue, [fn, user](dunlin_status status, std::uint64_t held) {
        fn(user, status, held);
      });
    return instance.services().queue_push(ClientId(conn), view(topic), view(data), std::move(done));
  });
}

}  // namespace

const dunlin_queue kQueueTable = {push};

}  // namespace dunlin
