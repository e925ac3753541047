// SPDX-License-Identifier: Apache-2.0
// FrameReader: the server's side of RFC 6455, 5: from bytes to whole messages. Pure logic; knows no socket.
// A message that lies in one unfragmented frame in the input is handed over where it lies, unmasked in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/message.h"

namespace dunlin {

class FrameReader {
 public:
  class Listener {
   public:
    // Each says whether more is wanted at once; with false the reader rests and keeps what follows.
    virtual bool on_message(Kind kind, std::string_view data) = 0;
    virtual bool on_control(unsigned opcode, std::string_view data) = 0;  // close 8, ping 9, pong 10

   protected:
    ~Listener() = default;
  };

  // What a client does that ends the connection: a code of RFC 6455, 7.4.1, or 0.
  struct Fault {
    int code = 0;
    const char* why = "";
  };

  FrameReader(Listener& listener, std::size_t max_message) : listener_(listener), max_message_(max_message) {}

  // Takes all of the input, which it may change. After a fault it reads nothing more.
  Fault feed(char* data, std::size_t size);
  // Goes on with what it kept when a listener rested.
  Fault resume() { return feed(nullptr, 0); }

  bool holds_input() const { return !kept_.empty(); }

 private:
  struct Header {
    unsigned opcode = 0;
    bool final = false;
    std::size_t payload = 0;
    std::size_t length = 0;  // of the header itself, mask included; 0: it has not all arrived
    Fault fault;
  };
  Header read_header(const unsigned char* data, std::size_t size) const;
  Fault check_header(const Header& header) const;
  // Reads frames from [data, data + size) while it may; `used` says how far it came.
  Fault read(char* data, std::size_t size, std::size_t& used);
  Fault take(const Header& header, char* payload, bool& go_on);

  Listener& listener_;
  const std::size_t max_message_;
  std::string kept_;     // of a frame that has not all arrived, or behind a rest
  std::string message_;  // the fragments so far
  Kind kind_ = Kind::text;
  bool fragmented_ = false;
  bool ended_ = false;
};

// What the server sends: one frame's header and payload, appended.
void append_frame(std::string& out, unsigned opcode, std::string_view payload);

// The value of Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace dunlin
