// SPDX-License-Identifier: Apache-2.0
// dunlin.socket/1
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

dunlin_status unread(const dunlin_host* host, dunlin_conn conn, std::size_t* size) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!size) return DUNLIN_E_INVALID;
    *size = 0;
    return instance.services().conn_unread(ClientId(conn), *size);
  });
}

dunlin_status clear(const dunlin_host* host, dunlin_conn conn) noexcept {
  return on_worker(host, [&](Instance& instance) { return instance.services().conn_clear(ClientId(conn)); });
}

}  // namespace

const dunlin_socket kSocketTable = {unread, clear};

}  // namespace dunlin
