// SPDX-License-Identifier: Apache-2.0
// dunlin.ticket/1
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

dunlin_status answer(const dunlin_host* host, dunlin_ticket ticket, dunlin_verdict verdict,
                     const dunlin_answer* given) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    return verdict == DUNLIN_PENDING ? DUNLIN_E_INVALID : instance.answer(ticket, verdict, given);
  });
}

}  // namespace

const dunlin_ticket_api kTicketTable = {answer};

}  // namespace dunlin
