// SPDX-License-Identifier: Apache-2.0
// dunlin.ticket/1
#include "core/plugin/instance.h"

namespace dunlin {
namespace {

dunlin_status answer(const dunlin_host* host, dunlin_ticket ticket, dunlin_verdict verdict,
                     const dunlin_answer* given) noexcept {
  Instance* instance = host ? Host::of(host)->instance() : nullptr;
  if (!instance || verdict == DUNLIN_PENDING) return DUNLIN_E_INVALID;
  return instance->answer(ticket, verdict, given);
}

}  // namespace

const dunlin_ticket_api kTicketTable = {answer};

}  // namespace dunlin
