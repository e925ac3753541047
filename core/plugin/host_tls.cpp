// SPDX-License-Identifier: Apache-2.0
// dunlin.tls/1
#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

dunlin_status certificate(const dunlin_host* host, dunlin_conn conn, dunlin_str* pem) noexcept {
  return on_worker(host, [&](Instance& instance) {
    if (!pem) return DUNLIN_E_INVALID;
    std::string_view found;
    const dunlin_status status = instance.services().conn_certificate(ClientId(conn), found);
    *pem = status == DUNLIN_OK ? lend(found) : lend("");
    return status;
  });
}

}  // namespace

const dunlin_tls kTlsTable = {certificate};

}  // namespace dunlin
