// SPDX-License-Identifier: Apache-2.0
// Transport: what a session asks of the connection that carries it. It belongs to net; it outlives its session while it
// says goodbye, and tells the session when it is gone itself.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hub/outbox.h"

namespace dunlin {

class Session;

class Transport : public Sink {
 public:
  // Everything that is to be written goes through it.
  virtual Outbox& outbox() = 0;
  // Back-pressure: while paused nothing more is read (what was read already may still arrive).
  virtual void pause_reading(bool pause) = 0;
  virtual void ping() = 0;
  // The session has ended and is called no more: writes what waits, then the Close frame, then goes; at a deadline in any
  // case.
  virtual void finish(int code, std::string_view text) = 0;

 protected:
  ~Transport() = default;
};

// What the opening handshake carried.
struct Handshake {
  std::string method, uri, protocol, host, tls_subject;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
};

}  // namespace dunlin
