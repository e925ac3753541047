// SPDX-License-Identifier: Apache-2.0
// WebSocket: an upgraded connection of an HttpServer as its user sees it (docs/decisions/0008). [worker]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/message.h"

namespace dunlin {

//        enumerator, code of our Close frame (0: the user's, or there is none), label, text of the Close frame
#define DUNLIN_SOCKET_ENDS(X)                                            \
  X(by_peer, 0, "by_peer", "")                                           \
  X(by_user, 0, "by_server", "")                                         \
  X(lost, 0, "connection_lost", "")                                      \
  X(protocol_error, 1002, "protocol_error", "protocol error")            \
  X(not_utf8, 1007, "not_utf8", "text is not UTF-8")                     \
  X(too_big, 1009, "too_big", "message too big")                         \
  X(slow, 4001, "slow_consumer", "reads too slowly")                     \
  X(idle, 4002, "idle", "no sign of life")                               \
  X(draining, 1001, "draining", "the server is stopping")

enum class SocketEnd : std::uint8_t {
#define DUNLIN_ENUMERATOR(id, code, label, text) id,
  DUNLIN_SOCKET_ENDS(DUNLIN_ENUMERATOR)
#undef DUNLIN_ENUMERATOR
      count_
};
inline constexpr std::size_t kSocketEnds = static_cast<std::size_t>(SocketEnd::count_);

const char* socket_end_label(SocketEnd end);

class WebSocket {
 public:
  // Queues a text message; written at the end of the turn. False: it is closing, and takes nothing more.
  virtual bool send(std::string_view text) = 0;
  // A Close frame behind what waits. on_closed() comes later, never from inside.
  virtual void close(int code, std::string_view why) = 0;
  // Nothing more is read until resumed: the user has enough to do.
  virtual void rest(bool rest) = 0;

  // Bytes queued so far, and how many of them the kernel has taken: what was sent when queued() was n is gone when
  // written() has reached n.
  virtual std::uint64_t queued() const = 0;
  virtual std::uint64_t written() const = 0;
  // Nothing waits for the kernel: what is sent now is likely to go out at once.
  virtual bool ready() const = 0;

 protected:
  ~WebSocket() = default;
};

class WebSocketUser {
 public:
  virtual ~WebSocketUser() = default;
  // First. `socket` lives until on_closed() has returned.
  virtual void on_open(WebSocket& socket) = 0;
  virtual void on_message(Kind kind, std::string_view data) = 0;
  // The kernel has taken more: written() has gone up.
  virtual void on_written() = 0;
  // The server drains: close when what is under way is done.
  virtual void on_drain() = 0;
  // Last, once. written() says what went out.
  virtual void on_closed(SocketEnd end) = 0;
};

}  // namespace dunlin
