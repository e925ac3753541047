// SPDX-License-Identifier: Apache-2.0
// Why a connection was closed: one row each. The code goes into the Close frame (RFC 6455, 7.4; 4000 to 4999 are ours),
// the label into dunlin_closes_total{reason=…} and the log.
#pragma once

#include <cstdint>

namespace dunlin {

//        enumerator, code, label, sent as the Close frame's text
#define DUNLIN_CLOSE_REASONS(X)                                        \
  X(normal, 1000, "normal", "")                                        \
  X(draining, 1001, "draining", "the server is stopping")              \
  X(protocol_error, 1002, "protocol_error", "protocol error")          \
  X(unsupported, 1003, "unsupported", "unsupported kind of message")   \
  X(lost, 1006, "connection_lost", "")                                 \
  X(not_utf8, 1007, "not_utf8", "text is not UTF-8")                   \
  X(not_inflated, 1007, "not_inflated", "compressed data is broken")   \
  X(refused, 1008, "refused", "refused")                               \
  X(too_big, 1009, "too_big", "message too big")                       \
  X(fault, 1011, "router_fault", "internal error")                     \
  X(try_later, 1013, "try_later", "try again later")                   \
  X(slow_consumer, 4001, "slow_consumer", "reads too slowly")          \
  X(idle, 4002, "idle", "no sign of life")                             \
  X(expired, 4003, "expired", "the session has expired")               \
  X(login_refused, 4004, "login_refused", "log-in refused")            \
  X(by_module, 0, "by_module", "")                                     \
  X(by_peer, 0, "by_peer", "")

enum class CloseReason : std::uint8_t {
#define DUNLIN_ENUMERATOR(id, code, label, text) id,
  DUNLIN_CLOSE_REASONS(DUNLIN_ENUMERATOR)
#undef DUNLIN_ENUMERATOR
      count_
};

struct CloseRow {
  int code;  // 0: chosen by whoever closes
  const char *label, *text;
};

inline constexpr CloseRow kCloseRows[] = {
#define DUNLIN_ROW(id, code, label, text) {code, label, text},
    DUNLIN_CLOSE_REASONS(DUNLIN_ROW)
#undef DUNLIN_ROW
};

inline constexpr const CloseRow& row_of(CloseReason reason) { return kCloseRows[static_cast<int>(reason)]; }

}  // namespace dunlin
