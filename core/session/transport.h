// SPDX-License-Identifier: Apache-2.0
// Transport: what a session asks of the connection that carries it. It belongs to net; it outlives its session while it
// says goodbye, and tells the session when it is gone itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/config.h"
#include "core/hub/outbox.h"

namespace dunlin {

class Session;

class Transport : public Sink {
 public:
  // socket: bytes go out as they are, and come in as packets.
  virtual Protocol protocol() const { return Protocol::websocket; }
  // Everything that is to be written goes through it.
  virtual Outbox& outbox() = 0;
  // Back-pressure: while paused nothing more is read (what was read already may still arrive), but that the peer leaves is
  // noticed.
  virtual void pause_reading(bool pause) = 0;
  virtual void ping() = 0;  // websocket only
  // websocket only: what it is sent may be compressed with a window of 2^bits bytes; 0: it agreed to nothing.
  virtual unsigned window_bits() const { return 0; }
  // socket only: what has arrived and belongs to no packet yet.
  virtual std::size_t unread() const { return 0; }
  // The peer has sent its last byte, though it may not have been read yet; it may have left altogether, which looks the same
  // until it is written to. Where this is so the session ends, since nobody is to wait for such a peer for long.
  virtual bool leave_if_done() { return false; }
  virtual void clear_unread() {}
  // The session has ended and is called no more: writes what waits, then the Close frame, then goes; at a deadline in any
  // case.
  virtual void finish(int code, std::string_view text) = 0;

 protected:
  ~Transport() = default;
};

// What the opening handshake carried: headers by their name in lower case, in order, and what is no header by a name
// that begins with ':'. One block of text: many connections keep it for ever.
class Handshake {
 public:
  static constexpr std::string_view kMethod = ":method", kUri = ":uri", kProtocol = ":protocol", kHost = ":host",
                                    kTlsSubject = ":tls-subject", kTlsCertificate = ":tls-certificate";

  // REQUIRES: no NUL in either, as in HTTP.
  void add(std::string_view name, std::string_view value) {
    block_.append(name).append(1, '\0').append(value).append(1, '\0');
  }
  void shrink() { block_.shrink_to_fit(); }

  // The first of that name; nothing: none. Views are NUL-terminated and live as long as the handshake.
  std::optional<std::string_view> get(std::string_view name) const;
  // The header at that place in the order in which they came.
  std::optional<std::pair<std::string_view, std::string_view>> header_at(std::size_t index) const;

 private:
  std::string block_;  // name, NUL, value, NUL, and so on
};

}  // namespace dunlin
